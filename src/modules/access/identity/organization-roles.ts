import { adminAc, memberAc, ownerAc } from 'better-auth/plugins/organization/access'
import type { Role } from '#kernel/principal'

/** Our roles, mapped to those of the library's organization plugin. Our entry points check scopes instead. */
export const organizationRoles = {
  'read-only': memberAc,
  member: memberAc,
  manager: memberAc,
  admin: adminAc,
  owner: ownerAc,
} satisfies Record<Role, object>
