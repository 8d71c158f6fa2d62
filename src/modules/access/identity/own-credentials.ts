import { z } from 'zod'
import { operation } from '#kernel/calls/operation'
import type { Ctx } from '#kernel/context'
import type { Library } from './library.ts'
import { requirePerson } from './role-rules.ts'
import { MessageAnswer, NewPassword, Password } from './shapes.ts'

const OWN = { scope: 'account:write', effect: 'update' } as const

/** The operations on a person's own password and second factor. The auth library writes in its own transactions. */
export function ownCredentials(library: Library) {
  const post = (ctx: Ctx, path: string, body: object) => {
    const self = { userId: requirePerson(ctx), tenantId: ctx.tenantId }
    // Without an address: the caller was authenticated already, and the events of that have it.
    return library.postAs(self, path, body, { requestId: ctx.requestId, address: '', headers: new Headers() })
  }
  return {
    changePassword: operation({
      ...OWN,
      input: z.strictObject({ current_password: Password, password: NewPassword }),
      output: MessageAnswer,
      async run(ctx, { current_password: currentPassword, password: newPassword }) {
        await post(ctx, '/change-password', { currentPassword, newPassword })
        return { status: 'changed', message: 'The password was changed, and all sessions were ended. Sign in again.' }
      },
    }),
    enrolTwoFactor: operation({
      ...OWN,
      input: z.strictObject({ password: Password }),
      output: z.object({ totp_uri: z.string(), backup_codes: z.array(z.string()) }),
      async run(ctx, sent) {
        const { body } = await post(ctx, '/two-factor/enable', sent)
        const codes = body['backupCodes']
        return { totp_uri: String(body['totpURI']), backup_codes: Array.isArray(codes) ? codes.map(String) : [] }
      },
    }),
    confirmTwoFactor: operation({
      ...OWN,
      input: z.strictObject({ code: z.string().regex(/^\d{6}$/, 'six digits') }),
      output: MessageAnswer,
      async run(ctx, sent) {
        await post(ctx, '/two-factor/verify-totp', sent)
        return { status: 'on', message: 'Two-factor sign-in is on. Every sign-in now needs a code.' }
      },
    }),
    disableTwoFactor: operation({
      ...OWN,
      input: z.strictObject({ password: Password }),
      output: MessageAnswer,
      async run(ctx, sent) {
        await post(ctx, '/two-factor/disable', sent)
        return { status: 'off', message: 'Two-factor sign-in is off. Sign-in needs only the password.' }
      },
    }),
  }
}
