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
 * Confirms the preview that this token came with, for whoever carries it out themselves; the id of the request. The same
 * again confirms nothing twice. Undefined where there is no such preview.
 */
export function confirmByToken(parts: PrivacyParts) {
  const confirm = confirmErasure(parts)
  return async (
    ctx: Ctx,
    { person, token }: { readonly person: string; readonly token: string },
  ): Promise<string | undefined> => {
    const row = await findRequestByToken(ctx, tokenHash(token))
    if (row === undefined) return undefined
    // Erased already, an id leads to nobody's e-mail any more; the token alone says what goes on.
    if (row.status === 'previewed') await requireSame(ctx, parts, row, person)
    await confirm(ctx, { id: row.request_id, confirm_token: token })
    return row.request_id
  }
}

async function requireSame(ctx: Ctx, { holders, keys }: PrivacyParts, row: RequestRow, text: string): Promise<void> {
  const person = await identifyPerson(ctx, holders, readSubject(text))
  if ((await keys.hasher(ctx))(subjectOf(person)) === row.subject_hash) return
  throw new Failure('conflict', 'The confirm token is of the preview of somebody else. Nothing was erased.', {
    code: 'CONFIRMATION_REFUSED',
  })
}
