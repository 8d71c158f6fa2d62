import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '#kernel/clock'
import type { Principal } from '#kernel/principal'
import { bucketOf } from '#kernel/calls/limits'
import type { Limiter } from '#kernel/calls/limits'
import type { Endpoint } from './endpoint.ts'
import type { Accepted } from './media-types.ts'
import { rateHeaders } from './send.ts'

/** An authenticated HTTP request, whose body may not have been read yet. */
export interface AuthenticatedRequest extends Counted {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly endpoint: Endpoint
  readonly accepted: Accepted
}

/** The caller of a call and a callback for its rate-limit state. */
export interface Counted {
  readonly principal: Principal
  /** The caller's rate-limit state once the call was counted, as response headers. */
  rate: readonly string[]
}

/**
 * Counts one call against the caller's rate limit before any look-up, so that refused calls count too. Throws
 * `OverLimit`. Returns undefined when the call was counted synchronously (without Redis), to keep the hot path synchronous.
 */
export type CountCall = (call: Counted) => Promise<void> | undefined

export function callCounter(limiter: Limiter, clock: Clock): CountCall {
  return (call) => {
    const { principal } = call
    const taken = limiter.take(bucketOf(principal), principal.actor.id)
    if (taken instanceof Promise) return taken.then((rate) => void (call.rate = rateHeaders(rate, clock())))
    call.rate = rateHeaders(taken, clock())
    return undefined
  }
}
