import { readFileSync } from 'node:fs'
import path from 'node:path'
import { systemClock } from '#kernel/clock'
import { ConfigError, suspectVariables } from '#kernel/config/load'
import type { Environment } from '#kernel/config/load'
import type { PlatformOptions, Schema } from '#kernel/platform'
import type { App } from '../app.ts'
import { configuration, loadConfig } from '../settings.ts'
import type { AppConfig } from '../settings.ts'
import { printError } from './output.ts'

/** The clock of commands that do not build the application. */
export const commandClock = systemClock

export interface Settings {
  readonly config: AppConfig
  readonly secrets: NonNullable<PlatformOptions['secrets']>
}

/**
 * Loads the settings and fetches the secrets from their source. Prints every invalid setting and exits with code 78
 * (EX_CONFIG of sysexits.h).
 */
export async function settingsOrExit(environment: Environment): Promise<Settings> {
  try {
    for (const { set, meant } of suspectVariables(configuration, environment))
      printError(`${set} is not a setting. Did you mean ${meant}?`)
    const { openSecretSource } = await import('#kernel/secrets/resolve')
    const source = await openSecretSource(configuration, environment)
    const first = await source.read()
    return { config: loadConfig(first.environment), secrets: { source, first } }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    printError(error.message)
    process.exit(78)
  }
}

/** A function that builds the application. Logs go to standard error when standard output is the command's result. */
export function opener(
  environment: Environment,
  as: PlatformOptions['as'],
  logTo: 'stdout' | 'stderr',
): () => Promise<App> {
  return async () => {
    const { config, secrets } = await settingsOrExit(environment)
    const [{ buildApp }, { createLog }] = await Promise.all([import('../app.ts'), import('#kernel/telemetry/log')])
    const version = productVersion()
    const log = createLog({ settings: config.observability, version, to: logTo })
    for (const note of secrets.first.notes) log.warn(note)
    return buildApp({ config, clock: systemClock, log, version, as, secrets })
  }
}

/** A function that opens only what the migrations need. */
export function schemaOpener(environment: Environment): () => Promise<Schema> {
  return async () => {
    const { config } = await settingsOrExit(environment)
    const [{ openSchema }, { createLog }] = await Promise.all([
      import('#kernel/platform'),
      import('#kernel/telemetry/log'),
    ])
    const log = createLog({ settings: config.observability, version: productVersion(), to: 'stderr' })
    return openSchema({ config, log })
  }
}

/** From package.json, so that it is written in one place. */
export function productVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(path.join(import.meta.dirname, '../../package.json'), 'utf8'))
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest) return String(manifest.version)
  throw new Error('package.json names no version')
}
