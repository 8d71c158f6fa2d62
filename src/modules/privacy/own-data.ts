import { z } from 'zod'
import { operation } from '#kernel/calls/operation'
import type { Ctx } from '#kernel/context'
import { Failure } from '#kernel/failure'
import { Preview } from './contract.ts'
import { identifyPerson } from './identify-person.ts'
import type { PrivacyParts } from './request-erasure.ts'
import { requestErasure } from './request-erasure.ts'

/** The ref of the person who is signed in. Throws `forbidden` for API keys and service accounts: they have no account. */
export function ownAccount(ctx: Ctx): string {
  if (ctx.actor.kind === 'user' && ctx.userId !== undefined) return `user:${ctx.userId}`
  throw new Failure('forbidden', 'Sign in to do this: only a person has an account of their own.')
}

/**
 * Previews the erasure of the caller's own account. They must type its e-mail, so that a session left open or a slip
 * erases nothing.
 */
export function requestOwnErasure(parts: PrivacyParts) {
  const request = requestErasure(parts, 'own-data:write')
  return operation({
    scope: 'own-data:write',
    effect: 'create',
    input: z.strictObject({ email: z.string().min(3).max(255) }),
    output: Preview,
    calls: [request],
    async run(ctx, { email }) {
      const account = ownAccount(ctx)
      const { emails } = await identifyPerson(ctx, parts.holders, { refs: [account] })
      if (emails.has(email.trim().normalize('NFC').toLowerCase())) return request(ctx, { person: account })
      throw new Failure('invalid', 'This is not the e-mail of your account. Nothing was erased.', {
        problems: [{ path: 'email', expected: 'the e-mail of your account, typed again' }],
      })
    },
  })
}
