import { Failure } from '../failure.ts'

/** One thing looked at before the start, and a sentence about it: what is wrong and what to do. */
export interface StartupCheck {
  readonly name: 'runtime' | 'disk' | 'port' | 'database' | 'migrations' | 'roles' | 'redis'
  /** A `warning` is something the product does without. */
  readonly outcome: 'ok' | 'warning' | 'failed'
  readonly message: string
}

export const passed = (name: StartupCheck['name'], message: string): StartupCheck => ({ name, outcome: 'ok', message })
export const warned = (name: StartupCheck['name'], message: string): StartupCheck => ({
  name,
  outcome: 'warning',
  message,
})
export const refused = (name: StartupCheck['name'], message: string): StartupCheck => ({
  name,
  outcome: 'failed',
  message,
})

/** Stops a start with every failed check's own message, not only the first. */
export function requireChecks(checks: readonly StartupCheck[]): void {
  const failed = checks.filter(({ outcome }) => outcome === 'failed')
  if (failed.length === 0) return
  throw new Failure('unavailable', failed.map(({ message }) => message).join('\n'), { code: 'START_REFUSED' })
}
