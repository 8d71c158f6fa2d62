import type { Command } from 'commander'
import type { Environment } from '#kernel/config/load'
import { effectiveConfig } from '#kernel/config/settings'
import { configuration } from '../settings.ts'
import { printTable } from './output.ts'
import { settingsOrExit } from './start.ts'

/** `plimsoll config`: prints the effective settings, with secrets hidden. */
export function registerConfig(program: Command, environment: Environment): void {
  program
    .command('config')
    .description(
      'show every setting with its value, and the source of each secret; exits with 78 when a setting is invalid',
    )
    .action(async () => {
      const { config, secrets } = await settingsOrExit(environment)
      const from = (env: string) => {
        const { source = '', version } = secrets.first.origins.get(env) ?? {}
        return version === undefined ? source : `${source}, version ${version}`
      }
      printTable(
        effectiveConfig(configuration, config).map(({ env, value }) => ({
          setting: env,
          value,
          'secret from': from(env),
        })),
      )
    })
}
