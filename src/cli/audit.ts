import { createReadStream, createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { InvalidArgumentError } from 'commander'
import type { Command } from 'commander'
import { PLATFORM_TENANT } from '#kernel/audit'
import { Failure } from '#kernel/failure'
import type { App } from '../app.ts'
import { verifyLines } from '../modules/audit/index.ts'
import type { VerifyReport } from '../modules/audit/index.ts'
import { cliContext, reportFailure, tenantContext, withApp } from './open.ts'
import type { OpenApp } from './open.ts'
import { print } from './output.ts'

interface ExportOptions {
  readonly tenant: string
  readonly out: string
  readonly from?: Date
  readonly to?: Date
}

interface VerifyCommandOptions {
  readonly tenant?: string
  readonly expectHead: readonly string[]
  readonly expectKey: readonly string[]
}

/** `plimsoll audit export|verify|seal`. */
export function registerAudit(program: Command, open: OpenApp): void {
  const audit = program.command('audit').description('the tamper-evident record of who did what')
  audit
    .command('export')
    .description('write the chain of a tenant to a file that can be verified anywhere')
    .requiredOption('--tenant <id>', `the tenant, or ${PLATFORM_TENANT} for what belongs to none`)
    .requiredOption('--out <file>', 'the file to write, as lines of JSON')
    .option('--from <time>', 'blocks sealed at or after this time, e.g. 2026-11-01', instant)
    .option('--to <time>', 'blocks sealed before this time', instant)
    .action((options: ExportOptions) => withApp(open, (app) => exportTo(app, options)))
  audit
    .command('verify [file]')
    .description('prove that a chain is whole and as it was; needs no database for a file')
    .option('--tenant <id>', 'verify what is in the database instead of a file')
    .option(
      '--expect-head <hash>',
      'a block hash noted earlier, which must still be in the chain; may be repeated',
      collect,
      [],
    )
    .option('--expect-key <fingerprint>', 'the key that must have signed; may be repeated', collect, [])
    .action((file: string | undefined, options: VerifyCommandOptions) => verify(open, file, options))
  audit
    .command('seal')
    .description('close what was committed into blocks now')
    .option('--tenant <id>', 'this tenant only')
    .action(({ tenant }: { tenant?: string }) =>
      withApp(open, async (app) => {
        const events = tenant === undefined ? await app.audit.sealAll() : await app.audit.seal(await known(app, tenant))
        print(`Sealed ${events.toLocaleString('en-US')} events.`)
      }),
    )
}

async function exportTo(app: App, { tenant, out, from, to }: ExportOptions): Promise<void> {
  const { tenantId, actor, requestId } = cliContext(app, await known(app, tenant))
  const range = { ...(from && { from }), ...(to && { to }) }
  const event = { tenantId, actor, requestId, subject: tenantId, action: 'audit.export', after: range }
  await app.platform.audit.record({ ...event, outcome: 'success' })
  await app.audit.seal(tenantId)
  await pipeline(app.audit.exportLines(tenantId, range), createWriteStream(out))
  const report = await verifyLines(createReadStream(out))
  printReport(report)
  print(
    `Written to ${out}. Keep the hash of its last block: with it, verify --expect-head finds a tail that was cut off.`,
  )
}

async function verify(open: OpenApp, file: string | undefined, options: VerifyCommandOptions): Promise<void> {
  const { tenant, expectHead: heads, expectKey: signers } = options
  const expected = { heads, signers }
  if (file === undefined && tenant !== undefined) {
    return withApp(open, async (app) => {
      const tenantId = await known(app, tenant)
      // What retention removed a moment ago is accounted for by an event that may still wait.
      await app.audit.seal(tenantId)
      printReport(await app.audit.verify(tenantId, expected))
      print(`This installation signs as ${app.audit.signerFingerprint()}.`)
    })
  }
  await reportFailure(async () => {
    if (file === undefined || tenant !== undefined) {
      throw new InvalidArgumentError('Expected a file, or --tenant, and not both.')
    }
    printReport(await verifyLines(readable(file), expected))
  })
}

/** Code 1 when the chain does not hold: the first broken place first. */
function printReport(report: VerifyReport): void {
  const { tenantId, blocks, events, removedBlocks, head, signers, notes, problems, problemCount } = report
  const count = (number: number) => number.toLocaleString('en-US')
  print(`Tenant ${tenantId ?? '(unknown)'}: ${count(blocks)} blocks, ${count(events)} events.`)
  if (removedBlocks > 0) print(`${count(removedBlocks)} blocks are without their events, which retention removed.`)
  if (head !== undefined) print(`Last block: ${head.number}, ${head.hash}`)
  for (const { fingerprint, fromBlock } of signers) print(`Signed by ${fingerprint} from block ${fromBlock} on.`)
  for (const note of notes) print(`Note: ${note}.`)
  if (report.ok) return print('The chain holds.')
  print(`\nThe chain does NOT hold: ${count(problemCount)} ${problemCount === 1 ? 'problem' : 'problems'}.`)
  for (const { kind, line, message } of problems) {
    print(`  ${line === undefined ? '' : `line ${line}: `}${kind}: ${message}`)
  }
  process.exitCode = 1
}

async function known(app: App, tenant: string): Promise<string> {
  return tenant === PLATFORM_TENANT ? tenant : (await tenantContext(app, tenant)).tenantId
}

async function* readable(file: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of createReadStream(file)) yield Buffer.from(chunk)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Failure('not_found', `The file ${file} cannot be read: ${reason}`, { cause: error })
  }
}

function collect(value: string, values: readonly string[]): readonly string[] {
  return [...values, value]
}

function instant(text: string): Date {
  const time = new Date(text)
  if (!Number.isNaN(time.getTime())) return time
  throw new InvalidArgumentError('Expected a date or time in UTC such as 2026-11-01 or 2026-11-01T12:00:00Z.')
}
