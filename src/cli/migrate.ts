import { createInterface } from 'node:readline/promises'
import { InvalidArgumentError } from 'commander'
import type { Command } from 'commander'
import { Failure } from '#kernel/failure'
import type { Schema } from '#kernel/platform'
import { withApp } from './open.ts'
import { print, printTable } from './output.ts'

/** `plimsoll migrate up|down|status`. */
export function registerMigrate(program: Command, open: () => Promise<Schema>): void {
  const migrate = program.command('migrate').description('manage the database schema')
  migrate
    .command('up')
    .description('apply all pending migrations')
    .action(() => withApp(open, async ({ migrations }) => printNames('Applied', await migrations.up())))
  migrate
    .command('down [steps]')
    .description('roll back the last migrations, with the data in their tables; default: 1 step')
    .option('-y, --yes', 'do not ask for confirmation; required without a terminal')
    .action((steps: string | undefined, { yes }: { yes?: true }) =>
      withApp(open, async ({ migrations }) => {
        const count = stepCount(steps ?? '1')
        if (yes !== true && !(await confirmed(count))) return print('Nothing was rolled back.')
        printNames('Rolled back', await migrations.down(count))
      }),
    )
  migrate
    .command('status')
    .description('list every migration and its state')
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
  throw new InvalidArgumentError('Expected the number of migrations to roll back, such as 1.')
}

/** Asks for confirmation: a rollback drops tables with their data, also under a running server. Scripts pass `--yes`. */
async function confirmed(count: number): Promise<boolean> {
  if (!process.stdin.isTTY) {
    throw new Failure(
      'invalid',
      'A rollback drops tables with their data, also under a running server. Confirm it with --yes.',
    )
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const what = count === 1 ? 'the last migration' : `the last ${count} migrations`
    const answer = await terminal.question(
      `Roll back ${what}, with the data in their tables? Stop servers first. [y/N] `,
    )
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    terminal.close()
  }
}

function printNames(what: string, names: readonly string[]): void {
  print(names.length === 0 ? 'Nothing to do.' : names.map((name) => `${what} ${name}`).join('\n'))
}
