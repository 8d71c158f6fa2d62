import type { Ctx } from '#kernel/context'
import { Failure } from '#kernel/failure'
import { confirmErasure } from './confirm-erasure.ts'
import type { SignedReport } from './contract.ts'
import { identifyPerson } from './identify-person.ts'
import type { PrivacyParts } from './request-erasure.ts'
import { subjectOf, tokenHash } from './request-erasure.ts'
import { findRequestByToken } from './store/requests.ts'
import type { RequestRow } from './store/requests.ts'
import { readSubject } from './subject.ts'

interface EraseParts extends PrivacyParts {
  readonly carryOut: (ctx: Ctx, requestId: string) => Promise<SignedReport>
}

/**
 * The second step of an erasure that its actor waits for: confirms the preview that this token came with, and carries it
 * out. The same again goes on where it was cut off, or answers the report. Undefined where there is no such preview.
 */
export function eraseByToken(parts: EraseParts) {
  const { carryOut } = parts
  const confirm = confirmErasure(false)
  return async (ctx: Ctx, input: { readonly person: string; readonly token: string }) => {
    const row = await findRequestByToken(ctx, tokenHash(input.token))
    if (row === undefined) return undefined
    const { request_id: requestId } = row
    // Erased already, an id leads to nobody's e-mail any more; the token alone says what goes on.
    if (row.status === 'previewed') await requireSame(ctx, parts, row, input.person)
    await confirm(ctx, { requestId, token: input.token })
    return carryOut(ctx, requestId)
  }
}

async function requireSame(ctx: Ctx, { holders, keys }: PrivacyParts, row: RequestRow, text: string): Promise<void> {
  const person = await identifyPerson(ctx, holders, readSubject(text))
  if ((await keys.hasher(ctx))(subjectOf(person)) === row.subject_hash) return
  throw new Failure('conflict', 'The confirm token is of the preview of somebody else. Nothing was erased.', {
    code: 'CONFIRMATION_REFUSED',
  })
}
