import type { Configuration } from '../config/settings.ts'
import { ConfigError, loadConfig } from '../config/load.ts'
import type { Environment, SettingProblem } from '../config/load.ts'
import type { SecretSettings } from '../config/secrets.ts'
import { awsProvider } from './aws.ts'
import { ProviderError } from './provider.ts'
import type { SecretOrigin, SecretProvider } from './provider.ts'
import { readSecretFile } from './secret-files.ts'
import { vaultProvider } from './vault.ts'

/** The environment with every secret filled in from its source, for `loadConfig`. */
export interface ResolvedSecrets {
  readonly environment: Environment
  /** The origin of every secret that has a value. */
  readonly origins: ReadonlyMap<string, SecretOrigin>
  /** Warnings for the operator, such as a fallback to the environment. */
  readonly notes: readonly string[]
}

/** The source of the secrets of a process, which can be read repeatedly. */
export interface SecretSource {
  readonly settings: SecretSettings
  /** Files that hold secrets, for watching. */
  readonly files: readonly string[]
  /** Throws `ConfigError` that names everything missing or unreadable. */
  read(): Promise<ResolvedSecrets>
}

/** Reads the settings of the secret provider and opens it. The secrets are read by `read`. Throws `ConfigError`. */
export async function openSecretSource(
  configuration: Configuration,
  environment: Environment,
  milliseconds = () => performance.now(),
): Promise<SecretSource> {
  const { settings } = configuration
  const secretNames = settings.filter(({ secret }) => secret === true).map(({ env }) => env)
  const bootstrapNames = settings.filter(({ group }) => group === 'secrets').map(({ env }) => env)
  /** Settings a provider may hold: all secrets except those needed to reach the provider. */
  const providedNames = secretNames.filter((name) => !bootstrapNames.includes(name))
  const first = await withFiles(environment, secretNames)
  const own = loadConfig(configuration, only(first.environment, bootstrapNames)).secrets
  const provider = providerOf(own, milliseconds)
  const fallsBack = [undefined, '', 'development'].includes(environment['ENVIRONMENT']?.trim())
  return {
    settings: own,
    files: filesOf(environment, secretNames).map(({ path }) => path),
    async read() {
      const local = await withFiles(environment, secretNames)
      if (provider === undefined) return { ...local, notes: [] }
      return withProvider(local, { provider, source: own.provider, fallsBack, names: providedNames })
    },
  }
}

function providerOf(own: SecretSettings, milliseconds: () => number): SecretProvider | undefined {
  const attempts = { timeoutMilliseconds: own.timeoutSeconds * 1000, pauseMilliseconds: 200 }
  switch (own.provider) {
    case 'env':
      return undefined
    case 'aws':
      return awsProvider({ settings: own, ...attempts })
    case 'vault':
      return vaultProvider({ settings: own, milliseconds, ...attempts })
  }
}

type Local = Omit<ResolvedSecrets, 'notes'>

async function withFiles(environment: Environment, secretNames: readonly string[]): Promise<Local> {
  const resolved: Record<string, string | undefined> = { ...environment }
  const origins = new Map<string, SecretOrigin>()
  const problems: SettingProblem[] = []
  for (const name of secretNames) {
    if ((environment[name]?.trim() ?? '') !== '') origins.set(name, { source: 'environment' })
  }
  for (const { name, variable, path } of filesOf(environment, secretNames)) {
    if (origins.has(name)) problems.push(bothSet(name, variable, path))
    const read = await readSecretFile(variable, path)
    if ('problem' in read) problems.push(read.problem)
    else resolved[name] = read.value
    origins.set(name, { source: 'file' })
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return { environment: resolved, origins }
}

function filesOf(
  environment: Environment,
  secretNames: readonly string[],
): { name: string; variable: string; path: string }[] {
  return secretNames.flatMap((name) => {
    const variable = `${name}_FILE`
    const path = environment[variable]?.trim() ?? ''
    return path === '' ? [] : [{ name, variable, path }]
  })
}

function bothSet(name: string, variable: string, path: string): SettingProblem {
  return { env: variable, expected: `nothing, since ${name} is set as well`, got: `"${path}"`, example: '' }
}

interface Provided {
  readonly provider: SecretProvider
  readonly source: string
  readonly fallsBack: boolean
  readonly names: readonly string[]
}

/** Values from files take precedence; the others come from the provider. */
async function withProvider(
  { environment, origins }: Local,
  { provider, source, fallsBack, names }: Provided,
): Promise<ResolvedSecrets> {
  const asked = names.filter((name) => origins.get(name)?.source !== 'file')
  const resolved = { ...environment }
  const found = new Map(origins)
  const notes: string[] = []
  const problems: SettingProblem[] = []
  const values = await provider.read(asked).catch((error: unknown) => {
    if (!(error instanceof ProviderError)) throw error
    if (!fallsBack) throw new ConfigError([unanswered(provider, source, error)])
    notes.push(`${provider.name} gave no secrets, so they are taken from the environment: ${error.message}.`)
    return undefined
  })
  if (values === undefined) return { environment, origins, notes }
  for (const name of asked) {
    const value = values.get(name)
    if (value !== undefined) {
      resolved[name] = value.value
      found.set(name, { source: value.source, ...(value.version !== undefined && { version: value.version }) })
    } else if (origins.has(name) && fallsBack) {
      notes.push(`${provider.name} holds no ${name}, so it is taken from the environment.`)
    } else if (origins.has(name)) problems.push(onlyInEnvironment(name, provider))
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return { environment: resolved, origins: found, notes }
}

function unanswered({ name }: SecretProvider, source: string, error: ProviderError): SettingProblem {
  return {
    env: 'SECRETS_PROVIDER',
    expected: `${name} to give the secrets`,
    got: `this: ${error.message}`,
    example: source,
  }
}

function onlyInEnvironment(name: string, provider: SecretProvider): SettingProblem {
  return {
    env: name,
    expected: `it to be kept in ${provider.name}; development alone falls back to the environment`,
    got: 'a value that is not shown',
    example: '',
  }
}

function only(environment: Environment, names: readonly string[]): Environment {
  return Object.fromEntries(names.map((name) => [name, environment[name]]))
}
