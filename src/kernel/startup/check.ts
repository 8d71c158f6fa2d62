import type { Logger } from 'pino'
import { Failure } from '../failure.ts'

/** One thing looked at before the start, as data. */
export interface Check {
  /** `access.mail`: the module, and what is looked at. */
  readonly name: string
  /** What should be so: `mail can be sent`. */
  readonly describe: string
  /** Honours the signal: after ten seconds it counts as not known. */
  run(signal: AbortSignal): Finding | Promise<Finding>
}

export interface Finding {
  /** `fail` stops the start. A `warning` is something the product does without, and `not_enough_data` is not known. */
  readonly outcome: 'pass' | 'warning' | 'fail' | 'not_enough_data'
  /** A sentence: what was found, and where that is wrong, what to do. */
  readonly message: string
}

/** What a check found. */
export interface CheckResult extends Finding {
  readonly name: string
}

export const passed = (name: string, message: string): CheckResult => ({ name, outcome: 'pass', message })
export const warned = (name: string, message: string): CheckResult => ({ name, outcome: 'warning', message })
export const refused = (name: string, message: string): CheckResult => ({ name, outcome: 'fail', message })

/** Logs what the start goes on without, and stops it with every failed check's own message, not only the first. */
export function settleChecks(results: readonly CheckResult[], log: Logger): void {
  for (const { name, outcome, message } of results) {
    if (outcome === 'warning' || outcome === 'not_enough_data') log.warn({ check: name, outcome }, message)
  }
  requireChecks(results)
}

/** Stops a start with every failed check's own message. */
export function requireChecks(results: readonly CheckResult[]): void {
  const failed = results.filter(({ outcome }) => outcome === 'fail')
  if (failed.length === 0) return
  throw new Failure('unavailable', failed.map(({ message }) => message).join('\n'), { code: 'START_REFUSED' })
}
