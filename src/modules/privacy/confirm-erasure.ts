import { timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { Failure } from '#kernel/failure'
import { change } from '#kernel/writes/change'
import { ConfirmInput, Confirmed, RequestById } from './contract.ts'
import { privacyEvents } from './domain-events.ts'
import { ownAccount } from './own-data.ts'
import { digestOf, previewsOf } from './outcomes.ts'
import { personOfRequest } from './person-of-request.ts'
import { tokenHash } from './request-erasure.ts'
import type { PrivacyParts } from './request-erasure.ts'
import { lockRequest, markConfirmed } from './store/requests.ts'
import type { RequestRow } from './store/requests.ts'

interface ConfirmOptions {
  /** The caller erases their own account: requires the scope `own-data:write` and a signed-in person. */
  readonly own?: boolean
  /** Publishes an event, on which a worker carries the erasure out. */
  readonly announce?: boolean
}

/**
 * Confirms a previewed erasure. Confirming again has no effect. Throws `not_found` for a request of another actor, and
 * `conflict` when the token is of another preview, has expired, or the erasure would now change something else.
 */
export function confirmErasure(parts: PrivacyParts, { own = false, announce = false }: ConfirmOptions = {}) {
  return change({
    action: 'privacy.confirm-erasure',
    scope: own ? 'own-data:write' : 'privacy:write',
    effect: 'destroy',
    input: z.strictObject({ ...RequestById.shape, ...ConfirmInput.shape }),
    output: Confirmed,
    async work(ctx, { id, confirm_token: token }) {
      if (own) ownAccount(ctx)
      const row = await lockRequest(ctx, id)
      requireToken(ctx, row, token)
      const { subject_hash, digest, status } = row
      const recorded = { subject: id, after: { subject_hash, digest } }
      if (status !== 'previewed') return { ...recorded, result: { request_id: id, status } }
      await requireUnchanged(ctx, parts, row)
      await markConfirmed(ctx, id)
      return {
        ...recorded,
        result: { request_id: id, status: 'confirmed' as const },
        events: announce ? [privacyEvents.erasureConfirmed({ request_id: id })] : [],
      }
    },
  })
}

function requireToken(ctx: Ctx, row: RequestRow, token: string): void {
  const isActor = row.requested_by_kind === ctx.actor.kind && row.requested_by === ctx.actor.id
  if (row.kind !== 'erasure' || !isActor || row.token_hash === null) {
    throw new Failure('not_found', `There is no erasure ${row.request_id} of yours to confirm.`)
  }
  if (!timingSafeEqual(Buffer.from(tokenHash(token)), Buffer.from(row.token_hash)))
    throw refused('is not of this preview')
  const isOver = row.expires_at !== null && row.expires_at <= ctx.clock()
  if (row.status === 'expired' || (row.status === 'previewed' && isOver)) throw refused('has expired')
}

/** Computes the preview again and compares it: costs as much as the preview. */
async function requireUnchanged(ctx: Ctx, parts: PrivacyParts, row: RequestRow): Promise<void> {
  const person = await personOfRequest(ctx, parts, row)
  if (digestOf(person, await previewsOf(ctx, parts.holders, person)) === row.digest) return
  throw refused('is of a preview that is out of date: what would be erased has changed')
}

const refused = (why: string) =>
  new Failure('conflict', `The confirm token ${why}. Nothing was erased; ask for a preview again.`, {
    code: 'CONFIRMATION_REFUSED',
    problems: [{ path: 'confirm_token', expected: 'the confirm_token of the preview, within an hour of it' }],
  })
