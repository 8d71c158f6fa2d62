import { expect, it } from 'vitest'
import { z } from 'zod'
import { PLATFORM_SETTINGS } from './config.ts'
import { configurationOf } from './configuration.ts'
import { ConfigError, loadConfig } from './load.ts'
import { setting, wholeNumber } from './setting.ts'

const platform = { name: 'kernel', settings: PLATFORM_SETTINGS } as const

const ledger = {
  name: 'ledger',
  settings: {
    ledger: z.object({
      holdSeconds: setting('LEDGER_HOLD_SECONDS', wholeNumber(1, 600).default(60), {
        describe: 'How long a hold lasts.',
        example: '60',
      }),
    }),
  },
} as const

const settingOf = (module: string, env: string, aliases: readonly string[] = []) => ({
  name: module,
  settings: {
    [module]: z.object({ value: setting(env, z.string().optional(), { describe: '', example: 'x', aliases }) }),
  },
})

it('a setting of a module is read, typed and listed beside those of the platform', () => {
  const configuration = configurationOf([platform, ledger])
  const holdSeconds: number = loadConfig(configuration, { LEDGER_HOLD_SECONDS: '90' }).ledger.holdSeconds
  expect(holdSeconds).toBe(90)
  expect(configuration.settings.at(-1)).toMatchObject({ group: 'ledger', env: 'LEDGER_HOLD_SECONDS' })
})

it('a rule over several groups names the variable it is about', () => {
  const configuration = configurationOf(
    [platform, ledger],
    [
      (config, wrong) => {
        if (config.ledger.holdSeconds < config.server.toolTimeoutSeconds)
          wrong(['ledger', 'holdSeconds'], 'at least TOOL_TIMEOUT_SECONDS')
      },
    ],
  )
  expect(() => loadConfig(configuration, { LEDGER_HOLD_SECONDS: '10' })).toThrow(ConfigError)
  expect(() => loadConfig(configuration, { LEDGER_HOLD_SECONDS: '10' })).toThrow(
    'LEDGER_HOLD_SECONDS: expected at least TOOL_TIMEOUT_SECONDS; got "10". Example: LEDGER_HOLD_SECONDS=60',
  )
})

it('a variable that two modules declare is refused, naming both, also under another name of it', () => {
  expect(() => configurationOf([platform, settingOf('one', 'SAME'), settingOf('two', 'SAME')])).toThrow(
    'setting SAME: by one and by two',
  )
  expect(() => configurationOf([platform, settingOf('one', 'SERVER_PORTS', ['SERVER_PORT'])])).toThrow(
    'setting SERVER_PORT: by kernel and by one',
  )
})

it('a group that two modules declare is refused, naming both', () => {
  const other = { ...settingOf('ledger', 'OTHER'), name: 'other' }
  expect(() => configurationOf([platform, ledger, other])).toThrow('group of settings ledger: by ledger and by other')
})
