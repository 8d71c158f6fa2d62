import { timingSafeEqual } from 'node:crypto'
import { change } from '#kernel/writes/single-change'
import type { Ctx } from '#kernel/context'
import type { Scope } from '#kernel/principal'
import { Failure } from '#kernel/failure'
import { privacyEvents } from './domain-events.ts'
import type { RequestStatus } from './contract.ts'
import { tokenHash } from './request-erasure.ts'
import { lockRequest, markConfirmed } from './store/requests.ts'
import type { RequestRow } from './store/requests.ts'

export interface Confirm {
  readonly requestId: string
  readonly token: string
}

/**
 * Confirms what was previewed. A second time it changes nothing. Throws `not_found` for a request of somebody else, and
 * `conflict` when the token is not of this preview or its time has passed. With `announce` a worker carries it out.
 */
export const confirmErasure = (announce: boolean, scope: Scope = 'privacy:write') =>
  change<Confirm, { readonly status: RequestStatus }>('privacy.confirm-erasure', scope, async (ctx, input) => {
    const { requestId, token } = input
    const row = await lockRequest(ctx, requestId)
    requireToken(ctx, row, token)
    const { subject_hash, digest, status } = row
    const recorded = { subject: requestId, after: { subject_hash, digest } }
    if (status !== 'previewed') return { ...recorded, result: { status } }
    await markConfirmed(ctx, requestId)
    return {
      ...recorded,
      result: { status: 'confirmed' },
      ...(announce && { events: [privacyEvents.erasureConfirmed({ request_id: requestId })] }),
    }
  })

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

const refused = (why: string) =>
  new Failure('conflict', `The confirm token ${why}. Nothing was erased; ask for a preview again.`, {
    code: 'CONFIRMATION_REFUSED',
    problems: [{ path: 'confirm_token', expected: 'the token that came with the preview, within an hour' }],
  })
