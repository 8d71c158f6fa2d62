import { Failure } from '../failure.ts'
import { hostOf } from './target.ts'

/** How one call went. `status` is `2xx` … `5xx`, or the kind of the failure. */
export interface OutboundCall {
  readonly integration: string
  readonly endpoint: string
  /** Empty where the URL had none. */
  readonly host: string
  readonly status: string
  readonly seconds: number
}

/** A call that is under way. */
export interface StartedCall {
  readonly host: string
  /** Aborted with `Failure('cancelled')` when the caller leaves. */
  readonly controller: AbortController
  /** Reports the HTTP status, or what was thrown, to the observer; the second time it does nothing. */
  end(outcome: unknown): void
}

export function startCall(
  observe: (call: OutboundCall) => void,
  request: {
    readonly url: string
    readonly integration: string
    readonly endpoint: string
    readonly signal?: AbortSignal
  },
): StartedCall {
  const { url, integration, endpoint, signal } = request
  const startedAt = performance.now()
  const host = hostOf(url)
  const controller = new AbortController()
  const cancel = () => controller.abort(new Failure('cancelled', 'The call was cancelled.', { cause: signal?.reason }))
  let isOver = false
  if (signal?.aborted === true) cancel()
  signal?.addEventListener('abort', cancel, { once: true })
  return {
    host,
    controller,
    end(outcome) {
      if (isOver) return
      isOver = true
      signal?.removeEventListener('abort', cancel)
      observe({
        integration,
        endpoint,
        host,
        status: statusOf(outcome),
        seconds: (performance.now() - startedAt) / 1000,
      })
    },
  }
}

function statusOf(outcome: unknown): string {
  if (typeof outcome === 'number') return `${Math.floor(outcome / 100)}xx`
  return outcome instanceof Failure ? outcome.kind : 'bug'
}
