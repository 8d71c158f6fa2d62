import type { Clock } from '#kernel/clock'
import { Failure } from '#kernel/failure'

/** An error as it is shown to the caller. */
export interface ErrorView {
  readonly status: number
  readonly code: string
  readonly message: string
  readonly details?: Readonly<Record<string, unknown>>
}

export function dataBody(data: unknown, requestId: string, clock: Clock) {
  return { data, meta: { timestamp: clock().toISOString(), request_id: requestId } }
}

export function errorBody(view: ErrorView, requestId: string, clock: Clock) {
  const { code, message, details } = view
  const timestamp = clock().toISOString()
  return { error: { code, message, ...(details !== undefined && { details }), timestamp, request_id: requestId } }
}

/** The error view of an expected failure, with its problems, retry delay or required scopes. */
export function failureView(failure: Failure): ErrorView {
  const { status, code, message, problems, retryAfterSeconds, scopesNeeded } = failure
  const details = {
    ...(problems.length > 0 && { problems }),
    ...(retryAfterSeconds !== undefined && { retry_after: retryAfterSeconds }),
    ...(scopesNeeded.length > 0 && { scopes_needed: scopesNeeded }),
  }
  return { status, code, message, ...(Object.keys(details).length > 0 && { details }) }
}

/** The error view of a bug: only the id under which it was logged. */
export function bugView(errorId: string): ErrorView {
  const message = 'Something went wrong on our side. Tell us the error id.'
  return { status: 500, code: 'INTERNAL_ERROR', message, details: { error_id: errorId } }
}

/** Turns what was thrown into a `Failure`, including errors of the HTTP framework; undefined for a bug. */
export function expectedFailure(error: unknown): Failure | undefined {
  if (error instanceof Failure) return error
  if (!(error instanceof Error)) return undefined
  // safe because: both stay `unknown` until they are checked.
  const { code, statusCode } = error as Error & { readonly code?: unknown; readonly statusCode?: unknown }
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new Failure('too_large', 'The body is larger than this route allows.')
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return new Failure('unsupported', 'The Content-Type must be application/json.')
  }
  if (code === 'FST_ERR_BAD_URL') return new Failure('invalid', 'The URL is not well formed.', { code: 'BAD_URL' })
  if (code === 'FST_ERR_MAX_LIMIT_BODY' || statusCode === 413)
    return new Failure('too_large', 'The request is too large.')
  // The error codes of zlib for gzip and deflate, and for Brotli.
  if (typeof code === 'string' && /^(Z_|ERR__ERROR_|ERR_BROTLI_)/.test(code)) {
    return new Failure('invalid', 'The body does not decode as its Content-Encoding says.', { code: 'BAD_ENCODING' })
  }
  if (typeof statusCode !== 'number' || statusCode < 400 || statusCode > 499) return undefined
  return new Failure('invalid', 'The body is not valid JSON.', { code: 'BAD_JSON', cause: error })
}
