/**
 * The kinds of expected failures, each with its HTTP status and default error code. Any other thrown error is a bug: it
 * is logged once, at the edge, under an error id that the caller gets.
 */
export const FAILURES = {
  invalid: { status: 400, code: 'INVALID_PARAMETERS' },
  unauthenticated: { status: 401, code: 'UNAUTHENTICATED' },
  payment_required: { status: 402, code: 'PAYMENT_REQUIRED' },
  forbidden: { status: 403, code: 'INSUFFICIENT_SCOPE' },
  not_found: { status: 404, code: 'NOT_FOUND' },
  method_not_allowed: { status: 405, code: 'METHOD_NOT_ALLOWED' },
  conflict: { status: 409, code: 'CONFLICT' },
  too_large: { status: 413, code: 'LIMIT_EXCEEDED' },
  unsupported: { status: 415, code: 'UNSUPPORTED' },
  unprocessable: { status: 422, code: 'UNPROCESSABLE' },
  rate_limited: { status: 429, code: 'RATE_LIMIT_EXCEEDED' },
  cancelled: { status: 499, code: 'CANCELLED' },
  upstream: { status: 502, code: 'INTEGRATION_ERROR' },
  unavailable: { status: 503, code: 'UNAVAILABLE' },
  timeout: { status: 504, code: 'TIMEOUT' },
} as const

export type FailureKind = keyof typeof FAILURES

/** One wrong input field: its path, what was expected, and an example of a valid value. */
export interface FieldProblem {
  readonly path: string
  readonly expected: string
  readonly example?: unknown
}

export interface FailureOptions {
  /** For the log only; never shown to the caller. */
  readonly cause?: unknown
  /** More precise than the kind's own code, e.g. `CLIENT_NOT_FOUND`. */
  readonly code?: string
  readonly problems?: readonly FieldProblem[]
  readonly retryAfterSeconds?: number
  /** The scopes the operation needs, for the `WWW-Authenticate` challenge of a `forbidden`. */
  readonly scopesNeeded?: readonly string[]
}

/** An expected failure. The message is written for the caller; the cause is for the log. */
export class Failure extends Error {
  readonly kind: FailureKind
  readonly code: string
  readonly problems: readonly FieldProblem[]
  readonly retryAfterSeconds: number | undefined
  readonly scopesNeeded: readonly string[]

  constructor(kind: FailureKind, message: string, options: FailureOptions = {}) {
    super(message, { cause: options.cause })
    this.name = 'Failure'
    this.kind = kind
    this.code = options.code ?? FAILURES[kind].code
    this.problems = bounded(options.problems ?? [])
    this.retryAfterSeconds = options.retryAfterSeconds
    this.scopesNeeded = options.scopesNeeded ?? []
  }

  get status(): number {
    return FAILURES[this.kind].status
  }
}

/** The number of problems that a failure lists at most. */
export const PROBLEMS_MAX = 20
const PATH_CHARACTERS_MAX = 200
const EXPECTED_CHARACTERS_MAX = 2000

/** The first 20 problems and the number of the others. Texts are cut, because callers choose the names in them. */
function bounded(problems: readonly FieldProblem[]): readonly FieldProblem[] {
  const shown = problems.slice(0, PROBLEMS_MAX).map((problem) => ({
    ...problem,
    path: problem.path.slice(0, PATH_CHARACTERS_MAX),
    expected: problem.expected.slice(0, EXPECTED_CHARACTERS_MAX),
  }))
  const more = problems.length - shown.length
  return more > 0 ? [...shown, { path: '(more)', expected: `${more} more problems are not listed` }] : shown
}
