import { createInterface } from 'node:readline/promises'
import { InvalidArgumentError } from 'commander'
import type { Command } from 'commander'
import { Failure } from '#kernel/failure'
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
    .description('take the last migrations back, and what they hold with them; one unless told otherwise')
    .option('-y, --yes', 'do not ask; needed where nobody can be asked')
    .action((steps: string | undefined, { yes }: { yes?: true }) =>
      withApp(open, async ({ migrations }) => {
        const count = stepCount(steps ?? '1')
        if (yes !== true && !(await confirmed(count))) return print('Nothing was taken back.')
        printNames('Took back', await migrations.down(count))
      }),
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

/** Data of the tables goes with them, and a running server stands on the schema: a person says yes, or the script does. */
async function confirmed(count: number): Promise<boolean> {
  if (!process.stdin.isTTY) {
    throw new Failure(
      'invalid',
      'Taking migrations back drops what their tables hold, also under a running server. Say so with --yes.',
    )
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const what = count === 1 ? 'the last migration' : `the last ${count} migrations`
    const answer = await terminal.question(
      `Take ${what} back, with the data in their tables? Stop servers first. [y/N] `,
    )
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    terminal.close()
  }
}

function printNames(what: string, names: readonly string[]): void {
  print(names.length === 0 ? 'Nothing to do.' : names.map((name) => `${what} ${name}`).join('\n'))
}
