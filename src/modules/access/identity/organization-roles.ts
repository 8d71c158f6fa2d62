import { adminAc, memberAc, ownerAc } from 'better-auth/plugins/organization/access'
import type { Role } from '#kernel/principal'

/** Our roles, as the library's organisations know them. What a role may do here is said by the table of scopes. */
export const organizationRoles = {
  'read-only': memberAc,
  member: memberAc,
  manager: memberAc,
  admin: adminAc,
  owner: ownerAc,
} satisfies Record<Role, object>
