import { InvalidArgumentError } from 'commander'
import type { Command } from 'commander'
import type { Schema } from '#kernel/platform'
import { withApp } from './open.ts'
import { print, printTable } from './output.ts'

/** `plimsoll migrate up|down|status`. */
export function registerMigrate(program: Command, open: () => Promise<Schema>): void {
  const migrate = program.command('migrate').description('the database schema')
  migrate
    .command('up')
    .description('apply what is pending')
    .action(() => withApp(open, async ({ migrations }) => printNames('Applied', await migrations.up())))
  migrate
    .command('down [steps]')
    .description('take the last migrations back; one unless told otherwise')
    .action((steps: string | undefined) =>
      withApp(open, async ({ migrations }) => printNames('Took back', await migrations.down(stepCount(steps ?? '1')))),
    )
  migrate
    .command('status')
    .description('every migration and whether it is applied')
    .action(() =>
      withApp(open, async ({ migrations }) => {
        const found = await migrations.status()
        printTable(
          found.map(({ name, state, appliedAt, breaking }) => ({
            migration: name,
            state,
            'applied at': appliedAt?.toISOString() ?? '-',
            breaking: breaking ?? '-',
          })),
        )
      }),
    )
}

function stepCount(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Expected how many migrations to take back, such as 1.')
}

function printNames(what: string, names: readonly string[]): void {
  print(names.length === 0 ? 'Nothing to do.' : names.map((name) => `${what} ${name}`).join('\n'))
}
