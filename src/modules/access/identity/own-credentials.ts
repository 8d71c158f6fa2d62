import { z } from 'zod'
import { operation } from '#kernel/calls/operation'
import type { Ctx } from '#kernel/context'
import type { Library } from './library.ts'
import { requirePerson } from './role-rules.ts'
import { MessageAnswer, NewPassword, Password } from './shapes.ts'

const OWN = { scope: 'account:write', effect: 'update' } as const

/** A person's own password and second factor, which the auth library changes, in transactions of its own. */
export function ownCredentials(library: Library) {
  const post = (ctx: Ctx, path: string, body: object) => {
    const self = { userId: requirePerson(ctx), tenantId: ctx.tenantId }
    // The call was admitted before: where it came from is in the events of its admission.
    return library.postAs(self, path, body, { requestId: ctx.requestId, address: '', headers: new Headers() })
  }
  return {
    changePassword: operation({
      ...OWN,
      input: z.strictObject({ current_password: Password, password: NewPassword }),
      output: MessageAnswer,
      async run(ctx, { current_password: currentPassword, password: newPassword }) {
        await post(ctx, '/change-password', { currentPassword, newPassword })
        return { status: 'changed', message: 'The password is changed and every session ended. Sign in again.' }
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
        return { status: 'on', message: 'From now on a sign-in needs a code.' }
      },
    }),
    disableTwoFactor: operation({
      ...OWN,
      input: z.strictObject({ password: Password }),
      output: MessageAnswer,
      async run(ctx, sent) {
        await post(ctx, '/two-factor/disable', sent)
        return { status: 'off', message: 'A sign-in needs the password alone.' }
      },
    }),
  }
}
