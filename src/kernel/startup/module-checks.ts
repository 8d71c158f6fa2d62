import type { Module } from '../module.ts'
import type { Check, CheckResult, Finding } from './check.ts'

const CHECK_MILLISECONDS_MAX = 10_000

/** Runs the startup checks of the modules. */
export function checkModules(
  modules: readonly Pick<Module, 'checks'>[],
  millisecondsMax = CHECK_MILLISECONDS_MAX,
): Promise<CheckResult[]> {
  const checks = modules.flatMap((module) => module.checks ?? [])
  return Promise.all(checks.map((check) => runCheck(check, millisecondsMax)))
}

async function runCheck(check: Check, millisecondsMax: number): Promise<CheckResult> {
  const signal = AbortSignal.timeout(millisecondsMax)
  const late = Promise.withResolvers<Finding>()
  const message = `Within ${millisecondsMax / 1000} seconds it could not be determined whether ${check.describe}.`
  signal.addEventListener('abort', () => late.resolve({ outcome: 'not_enough_data', message }))
  return { name: check.name, ...(await Promise.race([check.run(signal), late.promise])) }
}
