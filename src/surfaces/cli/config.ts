import type { Command } from 'commander'
import type { Environment } from '#kernel/config/load'
import { effectiveConfig } from '#kernel/config/settings'
import { printTable } from './output.ts'
import { settingsOrExit } from './start.ts'

/** `plimsoll config`: what is in effect, secrets hidden. */
export function registerConfig(program: Command, environment: Environment): void {
  program
    .command('config')
    .description('every setting and its value, secrets hidden; says what is wrong and exits with 78 if anything is')
    .action(() =>
      printTable(effectiveConfig(settingsOrExit(environment)).map(({ env, value }) => ({ setting: env, value }))),
    )
}
