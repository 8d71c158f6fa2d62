import { DatabaseError } from 'pg'
import { Failure } from '../failure.ts'

/** True for a serialization failure or deadlock: the transaction was rolled back and may be retried. */
export function isTransient(error: unknown): boolean {
  return error instanceof DatabaseError && (error.code === '40001' || error.code === '40P01')
}

/** True for a violated unique or exclusion constraint; `constraint` limits it to one. */
export function isDuplicate(error: unknown, constraint?: string): boolean {
  return (
    error instanceof DatabaseError &&
    (error.code === '23505' || error.code === '23P01') &&
    (constraint === undefined || error.constraint === constraint)
  )
}

/**
 * Converts a database error for the caller. Timeouts, connection loss and full disks are expected and become a
 * `Failure`; any other error (a wrong statement, a violated constraint) is a bug and is returned unchanged.
 */
export function translate(error: unknown, sql: string, signal: AbortSignal | undefined): unknown {
  if (error instanceof Failure || !(error instanceof Error)) return error
  if (error instanceof DatabaseError) return translateServerError(error, signal)
  if (!isConnectionLoss(error)) return error
  if (/^commit/i.test(sql)) {
    return new Failure(
      'unavailable',
      'The database was lost while the change was being saved: it may or may not have been. Read it back, or retry with the same idempotency key.',
      { cause: error },
    )
  }
  return new Failure('unavailable', 'The database cannot be reached at the moment. Nothing was changed; try again.', {
    cause: error,
    retryAfterSeconds: 1,
  })
}

function translateServerError(error: DatabaseError, signal: AbortSignal | undefined): unknown {
  const code = error.code ?? ''
  if (code === '57014') {
    return signal?.aborted
      ? new Failure('cancelled', 'The call was cancelled. Nothing was changed.', { cause: error })
      : new Failure('timeout', 'The database took too long over one statement. Narrow the request.', { cause: error })
  }
  // Input is valid UTF-8, so the only cause is a character that PostgreSQL does not store.
  if (code === '22021' || code === '22P05') {
    return new Failure('invalid', 'A text in the request holds a NUL character. Leave it out.', { cause: error })
  }
  const isUnavailable = code.startsWith('08') || code.startsWith('53') || code.startsWith('57P')
  if (!isUnavailable) return error
  return new Failure('unavailable', 'The database cannot serve at the moment. Nothing was changed; try again.', {
    cause: error,
    retryAfterSeconds: 1,
  })
}

function isConnectionLoss(error: Error & { code?: unknown }): boolean {
  const code = typeof error.code === 'string' ? error.code : ''
  return (
    /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOST|ENOENT)/.test(code) ||
    /timeout exceeded when trying to connect|Query read timeout|Connection terminated|not queryable|Cannot use a pool/.test(
      error.message,
    )
  )
}
