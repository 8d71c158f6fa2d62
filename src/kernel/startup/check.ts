import type { Logger } from 'pino'
import { Failure } from '../failure.ts'

/** A startup check, as data. */
export interface Check {
  /** The module and the thing checked: `access.mail`. */
  readonly name: string
  /** The condition checked: `mail can be sent`. */
  readonly describe: string
  /** Must honour the signal. After ten seconds the result is `not_enough_data`. */
  run(signal: AbortSignal): Finding | Promise<Finding>
}

export interface Finding {
  /** `fail` prevents the start. `warning`: the product works without it. `not_enough_data`: unknown. */
  readonly outcome: 'pass' | 'warning' | 'fail' | 'not_enough_data'
  /** A sentence: what was found and, if wrong, what to do. */
  readonly message: string
}

export interface CheckResult extends Finding {
  readonly name: string
}

export const passed = (name: string, message: string): CheckResult => ({ name, outcome: 'pass', message })
export const warned = (name: string, message: string): CheckResult => ({ name, outcome: 'warning', message })
export const refused = (name: string, message: string): CheckResult => ({ name, outcome: 'fail', message })

/** Logs warnings, and throws with the messages of all failed checks. */
export function enforceChecks(results: readonly CheckResult[], log: Logger): void {
  for (const { name, outcome, message } of results) {
    if (outcome === 'warning' || outcome === 'not_enough_data') log.warn({ check: name, outcome }, message)
  }
  requireChecks(results)
}

/** Throws with the messages of all failed checks. */
export function requireChecks(results: readonly CheckResult[]): void {
  const failed = results.filter(({ outcome }) => outcome === 'fail')
  if (failed.length === 0) return
  throw new Failure('unavailable', failed.map(({ message }) => message).join('\n'), { code: 'START_REFUSED' })
}
