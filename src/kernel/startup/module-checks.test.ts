import { pino } from 'pino'
import { expect, it } from 'vitest'
import { enforceChecks } from './check.ts'
import type { Check, Finding } from './check.ts'
import { checkModules } from './module-checks.ts'

const found = (name: string, finding: Finding): Check => ({ name, describe: 'all is well', run: () => finding })

it('a check of a module that fails stops the start with its message; warnings are logged and do not', async () => {
  const lines: string[] = []
  const log = pino({}, { write: (line: string) => void lines.push(line) })
  const mail = found('access.mail', { outcome: 'warning', message: 'No mail is sent.' })
  const books = found('ledger.books', { outcome: 'fail', message: 'The books do not balance. Run ledger check.' })
  enforceChecks(await checkModules([{ checks: [mail] }, {}]), log)
  expect(lines.map((line): unknown => JSON.parse(line))).toMatchObject([
    { check: 'access.mail', outcome: 'warning', msg: 'No mail is sent.' },
  ])
  const results = await checkModules([{ checks: [mail] }, { checks: [books] }])
  expect(() => enforceChecks(results, log)).toThrow('The books do not balance. Run ledger check.')
})

it('a check that does not end in time is not known, and the start goes on', async () => {
  const silent: Check = {
    name: 'vendor.key',
    describe: 'the vendor takes the key',
    run: () => new Promise(() => undefined),
  }
  expect(await checkModules([{ checks: [silent] }], 20)).toEqual([
    {
      name: 'vendor.key',
      outcome: 'not_enough_data',
      message: 'Within 0.02 seconds it could not be determined whether the vendor takes the key.',
    },
  ])
})
