import { z } from 'zod'
import { ROLES } from '#kernel/principal'
import { PASSWORD_GUIDANCE, PASSWORD_LENGTH_MAX } from '../password-rule.ts'

/** What people send and get, as REST has it. */

export const Email = z.string().trim().max(254).pipe(z.email('an e-mail address such as ada@example.com'))
export const RoleName = z.enum(ROLES)
const PersonName = z.string().trim().min(1).max(100)
/** The rule itself is told in one answer with all that is missing. */
export const NewPassword = z.string().min(1).max(1000).describe(PASSWORD_GUIDANCE)
export const Password = z.string().min(1).max(PASSWORD_LENGTH_MAX)
export const TenantRef = z.string().min(1).max(63)

export const SignUpBody = z.strictObject({
  email: Email,
  password: NewPassword,
  name: PersonName.optional().describe('How others see you. Default: the part of the address before the @.'),
})
export const SignInBody = z.strictObject({
  email: Email,
  password: Password,
  code: z.string().trim().min(6).max(40).optional().describe('Of an authenticator app, or a backup code.'),
  tenant_id: TenantRef.optional().describe('The organisation to work in. Default: where you last did.'),
})

export const TokensAnswer = z.object({
  access_token: z.string(),
  token_type: z.literal('Bearer'),
  expires_in: z.number().int().describe('Seconds.'),
  refresh_token: z.string().describe('Good for one use; each use answers another.'),
  tenant_id: z.string(),
})
export const SignedInAnswer = TokensAnswer.extend({
  user: z.object({ id: z.string(), email: z.string(), name: z.string() }),
})
export const ConfirmationAnswer = z.object({ status: z.literal('verification_required'), message: z.string() })

export const MessageAnswer = z.object({ status: z.string(), message: z.string() })

export const MemberAnswer = z.object({
  user_id: z.string(),
  name: z.string(),
  email: z.string(),
  role: RoleName,
  two_factor: z.boolean(),
  since: z.string(),
})

export const InvitationAnswer = z.object({
  invitation_id: z.string(),
  tenant_id: z.string(),
  email: z.string(),
  role: RoleName,
  status: z.enum(['pending', 'accepted', 'rejected', 'canceled']),
  expires_at: z.string(),
  created_at: z.string(),
})

export const SessionAnswer = z.object({
  session_id: z.string(),
  tenant_id: z.string().nullable(),
  created_at: z.string(),
  last_used_at: z.string(),
  expires_at: z.string(),
  ip_address: z.string().nullable(),
  user_agent: z.string().nullable(),
})

export const MeAnswer = z.object({
  id: z.string(),
  name: z.string(),
  email: z.string(),
  email_verified: z.boolean(),
  two_factor: z.boolean(),
  created_at: z.string(),
  tenant_id: z.string().describe('The organisation this call is for.'),
  role: RoleName.nullable().describe('In that organisation.'),
  organizations: z.array(z.object({ tenant_id: z.string(), name: z.string(), role: RoleName, since: z.string() })),
})
