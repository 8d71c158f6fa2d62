import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '#kernel/clock'
import type { Principal } from '#kernel/principal'
import { bucketOf } from '#kernel/calls/limits'
import type { Limiter } from '#kernel/calls/limits'
import type { Endpoint } from './endpoint.ts'
import { rateHeaders } from './send.ts'

/** An HTTP request whose caller is known; its body may be on the way still. */
export interface Arrival extends Counted {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly endpoint: Endpoint
}

/** What a call is counted for. */
export interface Counted {
  readonly principal: Principal
  /** Where the caller stands once the call was counted, as headers of the answer. */
  rate: readonly string[]
}

/**
 * Counts one call against its caller's rate limit, before anything is looked up: what is refused counts as well. Throws
 * `OverLimit`. Undefined when it was counted at once, which it is without Redis, so that the hot path does not yield.
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
