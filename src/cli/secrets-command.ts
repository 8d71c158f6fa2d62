import { InvalidArgumentError } from 'commander'
import type { Command } from 'commander'
import { withApp } from './open.ts'
import type { OpenApp } from './open.ts'
import type { RotateOptions } from './secrets.ts'

/** `plimsoll secrets status|refresh|rotate|rotate-signing-key`. */
export function registerSecrets(program: Command, open: OpenApp): void {
  const secrets = program.command('secrets').description('show, reload and rotate secrets')
  secrets
    .command('status')
    .description('show the source of each secret, and for each root key its processes and encrypted values')
    .action(async () => withApp(open, (await import('./secrets.ts')).status))
  secrets
    .command('refresh')
    .description('make every process reload its secrets now')
    .action(async () => withApp(open, (await import('./secrets.ts')).refresh))
  secrets
    .command('rotate')
    .description('re-encrypt every field with the current root key; safe to interrupt and repeat')
    .option('--new-key', 'first generate a new root key; only when the key is stored under DATA_DIR')
    .option('--batch <rows>', 'values to re-encrypt per batch', rowCount, 500)
    .action(async (options: RotateOptions) => {
      const { rotate } = await import('./secrets.ts')
      await withApp(open, (app) => rotate(app, options))
    })
  secrets
    .command('rotate-signing-key')
    .description('sign access tokens with a new key; tokens already issued stay valid until they expire')
    .action(async () => withApp(open, (await import('./secrets.ts')).rotateSigningKey))
}

function rowCount(text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Expected a number of values from 1 to 99999, such as 500.')
}
