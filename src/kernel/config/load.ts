import { isNear } from '../near-name.ts'
import type { Config } from './config.ts'
import { listWeakness, urlWeakness, weakness } from './secret-strength.ts'
import type { Configuration, Setting } from './settings.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** A wrong environment variable. Holds no secret value. */
export interface SettingProblem {
  readonly env: string
  readonly expected: string
  readonly got: string
  readonly example: string
}

/** All wrong environment variables together. The message is for the operator. */
export class ConfigError extends Error {
  readonly problems: readonly SettingProblem[]

  constructor(problems: readonly SettingProblem[]) {
    const lines = problems.map(
      ({ env, expected, got, example }) => `  ${env}: expected ${expected}; got ${got}. Example: ${env}=${example}`,
    )
    const count = problems.length === 1 ? 'One setting is' : `${problems.length} settings are`
    super(`${count} wrong:\n${lines.join('\n')}`)
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/**
 * Reads every setting from `env`; an empty variable counts as unset. Throws `ConfigError` that names every wrong one.
 */
export function loadConfig<C extends Config>({ schema, settings }: Configuration<C>, env: Environment): C {
  const parsed = schema.safeParse(rawValues(env, settings))
  const wrong = parsed.success ? [] : parsed.error.issues.map((issue) => problemOf(env, settings, issue))
  const problems = [...uniqueByVariable(wrong), ...weakSecrets(env, settings), ...productionProblems(env, settings)]
  if (!parsed.success || problems.length > 0) throw new ConfigError(uniqueByVariable(problems))
  return parsed.data
}

const TYPO_LENGTH_MIN = 8

/** Unknown variables that look like a misspelt setting: the name that is set, and the probable setting. */
export function suspectVariables(
  { settings }: Pick<Configuration, 'settings'>,
  env: Environment,
): readonly { readonly set: string; readonly meant: string }[] {
  const names = settings.flatMap((setting) => [setting.env, ...(setting.aliases ?? [])])
  const known = new Set(names)
  return Object.keys(env).flatMap((set) => {
    if (known.has(set)) return []
    const meant = set.length >= TYPO_LENGTH_MIN ? names.find((name) => isNear(set, name)) : undefined
    return meant === undefined ? [] : [{ set, meant }]
  })
}

function rawValues(env: Environment, settings: readonly Setting[]): Record<string, Record<string, string>> {
  const raw: Record<string, Record<string, string>> = {}
  for (const setting of settings) {
    const group = (raw[setting.group] ??= {})
    const value = given(env, setting)
    if (value !== undefined) group[setting.field] = value
  }
  return raw
}

function given(env: Environment, setting: Setting): string | undefined {
  for (const name of [setting.env, ...(setting.aliases ?? [])]) {
    const value = env[name]?.trim()
    if (value !== undefined && value !== '') return value
  }
  return undefined
}

function problemOf(
  env: Environment,
  settings: readonly Setting[],
  issue: { readonly path: PropertyKey[]; readonly code?: string; readonly message: string },
) {
  const [group, field] = issue.path
  const setting = settings.find((each) => each.group === group && each.field === field)
  if (setting === undefined) throw new Error(`no setting at ${issue.path.map(String).join('.')}: ${issue.message}`)
  // The message of a rule over several settings says what is expected.
  const expected = issue.code === 'custom' ? issue.message : setting.expects
  return problem(env, setting, expected)
}

function problem(env: Environment, setting: Setting, expected: string, reason?: string): SettingProblem {
  const value = given(env, setting)
  const hidden = setting.secret === true ? 'a value that is not shown' : `"${(value ?? '').slice(0, 100)}"`
  const got = value === undefined ? 'nothing' : hidden
  return {
    env: setting.env,
    expected,
    got: reason === undefined ? got : `${got} (${reason})`,
    example: setting.example,
  }
}

/** Secrets that can be guessed. Checked in production, and some in every environment. */
function weakSecrets(env: Environment, settings: readonly Setting[]): SettingProblem[] {
  return settings.flatMap((setting) => {
    const value = given(env, setting)
    const isChecked = setting.strongEverywhere === true || (setting.secret === true && isProduction(env, settings))
    if (value === undefined || !isChecked) return []
    const reason = weaknessOf(setting, value)
    const expected = setting.strongEverywhere === true ? 'a strong secret' : 'a strong secret in production'
    return reason === undefined ? [] : [problem(env, setting, expected, reason)]
  })
}

function weaknessOf({ expects }: Setting, value: string): string | undefined {
  if (expects === 'a URL') return urlWeakness(value)
  return expects.startsWith('a list') ? listWeakness(value) : weakness(value)
}

function isProduction(env: Environment, settings: readonly Setting[]): boolean {
  return settings.some((setting) => setting.env === 'ENVIRONMENT' && given(env, setting) === 'production')
}

/** Settings that are acceptable in development but not in production. */
function productionProblems(env: Environment, settings: readonly Setting[]): SettingProblem[] {
  if (!isProduction(env, settings)) return []
  return settings.flatMap((setting) => {
    const value = given(env, setting)
    if (value === undefined) {
      return setting.requiredInProduction === true ? [problem(env, setting, `${setting.expects} in production`)] : []
    }
    const other = setting.secret === true ? sameAs(env, settings, setting, value) : undefined
    if (other !== undefined) {
      return [problem(env, setting, 'a secret of its own in production', `the same as ${other}`)]
    }
    const expected = setting.inProduction?.(value)
    return expected === undefined ? [] : [problem(env, setting, `${expected} in production`)]
  })
}

/** The name of an earlier secret with the same value. */
function sameAs(env: Environment, settings: readonly Setting[], setting: Setting, value: string): string | undefined {
  const earlier = settings.slice(0, settings.indexOf(setting))
  return earlier.find((each) => each.secret === true && given(env, each) === value)?.env
}

function uniqueByVariable(problems: readonly SettingProblem[]): SettingProblem[] {
  return [...new Map(problems.toReversed().map((each) => [each.env, each])).values()].toReversed()
}
