import { createReadStream, createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { PLATFORM_TENANT } from '#kernel/audit/event'
import { commandOf } from '#kernel/commands/command'
import type { CommandApp, CommandGroup, CommandOutput } from '#kernel/commands/command'
import { argument, invalidValue, option } from '#kernel/commands/command-values'
import { millisecondsOf } from '#kernel/utc-time'
import { Failure } from '#kernel/failure'
import type { Audit } from './api.ts'
import type { VerifyReport } from './verify/report.ts'
import type { VerifyOptions } from './verify/verify-lines.ts'

const command = commandOf<Audit>()

const exportChain = command({
  name: 'export',
  describe: 'write the audit chain of a tenant to a file that can be verified offline',
  options: {
    tenant: option.required('id', `the tenant, or ${PLATFORM_TENANT} for events without a tenant`),
    out: option.required('file', 'the file to write, one JSON object per line'),
    from: option.optional('time', 'blocks sealed at or after this time, e.g. 2026-11-01', instant),
    to: option.optional('time', 'blocks sealed before this time', instant),
  },
  async run(open, { tenant, out, from, to }, { print }) {
    const app = await open()
    const { tenantId, actor, requestId } = app.context(await known(app, tenant))
    const range = { ...(from && { from }), ...(to && { to }) }
    const event = { tenantId, actor, requestId, subject: tenantId, action: 'audit.export', after: range }
    await app.platform.audit.record({ ...event, outcome: 'success' })
    await app.api.seal(tenantId)
    await pipeline(app.api.exportLines(tenantId, range), createWriteStream(out, { mode: 0o600 }))
    const code = printReport(await verified(createReadStream(out)), print)
    print(
      `Written to ${out}. Keep the hash of its last block: verify --expect-head detects with it whether later blocks were cut off.`,
    )
    return code
  },
})

const verify = command({
  name: 'verify',
  describe: 'check that an audit chain is complete and unchanged; for a file, no database is needed',
  arguments: { file: argument.optional() },
  options: {
    tenant: option.optional('id', 'verify the chain in the database instead of a file'),
    expectHead: option.repeated('hash', 'hash of a block that must still be in the chain; may be repeated'),
    expectKey: option.repeated('fingerprint', 'fingerprint of the key that must have signed; may be repeated'),
  },
  async run(open, { file, tenant, expectHead: heads, expectKey: signers }, { print }) {
    const expected = { heads, signers }
    if (file === undefined && tenant !== undefined) {
      const app = await open()
      const tenantId = await known(app, tenant)
      // Seal first: the event that accounts for what retention just removed may still be unsealed.
      await app.api.seal(tenantId)
      const code = printReport(await app.api.verify(tenantId, expected), print)
      print(`This installation signs as ${app.api.signerFingerprint()}.`)
      return code
    }
    if (file === undefined || tenant !== undefined) {
      throw invalidValue('Expected either a file or --tenant.')
    }
    return printReport(await verified(readable(file), expected), print)
  },
})

const seal = command({
  name: 'seal',
  describe: 'seal all committed events into blocks now',
  options: { tenant: option.optional('id', 'seal only this tenant') },
  async run(open, { tenant }, { print }) {
    const app = await open()
    const events = tenant === undefined ? await app.api.sealAll() : await app.api.seal(await known(app, tenant))
    print(`Sealed ${events.toLocaleString('en-US')} events.`)
  },
})

/** `plimsoll audit export|verify|seal`. */
export const auditCommands: CommandGroup<Audit> = {
  name: 'audit',
  describe: 'export and verify the tamper-evident audit chain',
  commands: [exportChain, verify, seal],
}

async function verified(lines: AsyncIterable<Uint8Array>, expected?: VerifyOptions): Promise<VerifyReport> {
  const { verifyLines } = await import('./verify/verify-lines.ts')
  return verifyLines(lines, expected)
}

/** Prints the report. Returns the exit code: 1 when the chain is broken. */
function printReport(report: VerifyReport, print: CommandOutput['print']): number {
  const { tenantId, blocks, events, removedBlocks, head, signers, notes, problems, problemCount } = report
  const count = (number: number) => number.toLocaleString('en-US')
  print(`Tenant ${tenantId ?? '(unknown)'}: ${count(blocks)} blocks, ${count(events)} events.`)
  if (removedBlocks > 0)
    print(`${count(removedBlocks)} blocks have no events any more, because retention removed them.`)
  if (head !== undefined) print(`Last block: ${head.number}, ${head.hash}`)
  for (const { fingerprint, fromBlock } of signers) print(`Signed by ${fingerprint} from block ${fromBlock} on.`)
  for (const note of notes) print(`Note: ${note}.`)
  if (report.ok) {
    print('The chain is valid.')
    return 0
  }
  print(`\nThe chain is NOT valid: ${count(problemCount)} ${problemCount === 1 ? 'problem' : 'problems'}.`)
  for (const { kind, line, message } of problems) {
    print(`  ${line === undefined ? '' : `line ${line}: `}${kind}: ${message}`)
  }
  return 1
}

async function known({ tenantContext }: CommandApp<Audit>, tenant: string): Promise<string> {
  return tenant === PLATFORM_TENANT ? tenant : (await tenantContext(tenant)).tenantId
}

async function* readable(file: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of createReadStream(file)) yield Buffer.from(chunk)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new Failure('not_found', `The file ${file} cannot be read: ${reason}`, { cause: error })
  }
}

function instant(text: string): Date {
  const time = millisecondsOf(text)
  if (!Number.isNaN(time)) return new Date(time)
  throw invalidValue('Expected a date or time in UTC such as 2026-11-01 or 2026-11-01T12:00:00Z.')
}
