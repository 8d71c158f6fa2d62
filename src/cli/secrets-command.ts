import { InvalidArgumentError } from 'commander'
import type { Command } from 'commander'
import { withApp } from './open.ts'
import type { OpenApp } from './open.ts'
import type { RotateOptions } from './secrets.ts'

/** `plimsoll secrets status|refresh|rotate|rotate-signing-key`. */
export function registerSecrets(program: Command, open: OpenApp): void {
  const secrets = program.command('secrets').description('keys and other secrets: where they come from, and rotation')
  secrets
    .command('status')
    .description('where each secret came from, what is encrypted under which key, and which process has it')
    .action(async () => withApp(open, (await import('./secrets.ts')).status))
  secrets
    .command('refresh')
    .description('make every process read its secrets again now')
    .action(async () => withApp(open, (await import('./secrets.ts')).refresh))
  secrets
    .command('rotate')
    .description('re-encrypt every field under the current key; may be stopped and repeated at any time')
    .option('--new-key', 'first make a new key, where the key is one that was made under DATA_DIR')
    .option('--batch <rows>', 'values re-encrypted at a time', rowCount, 500)
    .action(async (options: RotateOptions) => {
      const { rotate } = await import('./secrets.ts')
      await withApp(open, (app) => rotate(app, options))
    })
  secrets
    .command('rotate-signing-key')
    .description('sign access tokens with a new key from now on; those that are out stay good until they end')
    .action(async () => withApp(open, (await import('./secrets.ts')).rotateSigningKey))
}

function rowCount(text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Expected a number of values from 1 to 99999, such as 500.')
}
