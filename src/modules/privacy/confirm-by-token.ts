import type { Ctx } from '#kernel/context'
import { Failure } from '#kernel/failure'
import { confirmErasure } from './confirm-erasure.ts'
import { identifyPerson } from './identify-person.ts'
import type { PrivacyParts } from './request-erasure.ts'
import { subjectOf, tokenHash } from './request-erasure.ts'
import { findRequestByToken } from './store/requests.ts'
import type { RequestRow } from './store/requests.ts'
import { readSubject } from './subject.ts'

/**
 * Confirms the preview with this token, for a caller that then carries the erasure out itself. Returns the request id;
 * undefined where there is no such preview. Confirming again has no effect.
 */
export function confirmByToken(parts: PrivacyParts) {
  const confirm = confirmErasure(parts)
  return async (
    ctx: Ctx,
    { person, token }: { readonly person: string; readonly token: string },
  ): Promise<string | undefined> => {
    const row = await findRequestByToken(ctx, tokenHash(token))
    if (row === undefined) return undefined
    // The person is compared only before the erasure: afterwards an id no longer leads to the same e-mail.
    if (row.status === 'previewed') await requireSame(ctx, parts, row, person)
    await confirm(ctx, { id: row.request_id, confirm_token: token })
    return row.request_id
  }
}

async function requireSame(ctx: Ctx, { holders, keys }: PrivacyParts, row: RequestRow, text: string): Promise<void> {
  const person = await identifyPerson(ctx, holders, readSubject(text))
  if ((await keys.hasher(ctx))(subjectOf(person)) === row.subject_hash) return
  throw new Failure('conflict', 'The confirm token belongs to a preview of somebody else. Nothing was erased.', {
    code: 'CONFIRMATION_REFUSED',
  })
}
