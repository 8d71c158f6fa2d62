import { readFile, writeFile } from 'node:fs/promises'
import { PLATFORM_TENANT } from '#kernel/audit/event'
import { commandOf } from '#kernel/commands/command'
import type { CommandApp, CommandGroup, CommandOutput } from '#kernel/commands/command'
import { argument, option } from '#kernel/commands/command-values'
import type { Ctx } from '#kernel/context'
import { Failure } from '#kernel/failure'
import type { Archive, Preview, SignedReport } from './contract.ts'
import type { Privacy } from './api.ts'

const command = commandOf<Privacy>()

const exportPerson = command({
  name: 'export',
  describe: 'export all data about a person (e-mail, phone or id) to a file',
  arguments: { person: argument.required() },
  options: {
    tenant: option.required('id', 'the tenant'),
    format: option.choice('format', 'one document, or one row per line', {
      choices: ['json', 'ndjson'],
      preset: 'json',
    }),
    out: option.preset('file', 'the file to write', 'person-export.json'),
  },
  async run(open, { person, tenant, format, out }, { print, table }) {
    const { api, tenantContext } = await open()
    const archive = await api.exportPerson(await tenantContext(tenant), { person })
    await writeFile(out, format === 'json' ? `${JSON.stringify(archive, null, 2)}\n` : lines(archive), PRIVATE)
    table(archive.readme.holders.map(({ name, rows }) => ({ data: name, rows: String(rows) })))
    print(`Written to ${out}.`)
  },
})

const erasePerson = command({
  name: 'erase',
  describe: 'preview the erasure of a person (e-mail, phone or id); with --confirm, erase',
  arguments: { person: argument.required() },
  options: {
    tenant: option.optional('id', 'the tenant'),
    allTenants: option.flag('in every tenant of this installation'),
    confirm: option.optional(
      'token',
      'the token printed by the preview; repeat the command to resume an interrupted erasure',
    ),
    report: option.preset('file', 'the file for the signed reports, one line per tenant', 'erasure-report.json'),
  },
  async run(open, { person, tenant, allTenants, confirm, report }, output) {
    const app = await open()
    const contexts = await contextsOf(app, { tenant, allTenants })
    if (confirm === undefined) await preview(app, contexts, { person, tenant }, output)
    else await erase(app, contexts, { person, token: confirm, file: report }, output)
  },
})

const reportKey = command({
  name: 'report-key',
  describe: 'print the public key that verifies the erasure reports of a tenant',
  options: { tenant: option.required('id', 'the tenant') },
  async run(open, { tenant }, { print }) {
    const { api, tenantContext } = await open()
    print((await api.reportKey(await tenantContext(tenant))).public_key)
  },
})

const verifyReports = command({
  name: 'verify-report',
  describe: 'verify the signature of an erasure report, offline',
  arguments: { file: argument.required() },
  options: { key: option.optional('public key', 'the key that must have signed it; see plimsoll privacy report-key') },
  run: (_open, { file, key }, output) => verify(file, key, output),
})

/** `plimsoll privacy export|erase|report-key|verify-report`. */
export const privacyCommands: CommandGroup<Privacy> = {
  name: 'privacy',
  describe: 'export or erase the data of a person, and verify erasure reports',
  commands: [exportPerson, erasePerson, reportKey, verifyReports],
}

interface Where {
  readonly tenant: string | undefined
  readonly allTenants: boolean
}

/** Readable by the owner only. */
const PRIVATE = { mode: 0o600 }

async function contextsOf(app: CommandApp<Privacy>, { tenant, allTenants }: Where): Promise<Ctx[]> {
  if ((tenant === undefined) === !allTenants) {
    throw new Failure('invalid', 'Expected either --tenant <id> or --all-tenants.')
  }
  if (tenant !== undefined) return [await app.tenantContext(tenant)]
  return [...(await app.tenants()), PLATFORM_TENANT].map((id) => app.context(id))
}

async function preview(
  { api }: CommandApp<Privacy>,
  contexts: readonly Ctx[],
  { person, tenant }: { readonly person: string; readonly tenant: string | undefined },
  output: CommandOutput,
): Promise<void> {
  const { print } = output
  const { newConfirmToken } = await import('./request-erasure.ts')
  const token = newConfirmToken()
  for (const ctx of contexts) showPreview(ctx.tenantId, await api.requestErasure(ctx, { person, token }), output)
  const where = tenant === undefined ? '--all-tenants' : `--tenant ${tenant}`
  print(`\nThis was a preview: nothing was erased. To erase the data above permanently, run within one hour:`)
  print(`  plimsoll privacy erase ${JSON.stringify(person)} ${where} --confirm ${token}`)
}

function showPreview(
  tenantId: string,
  { person, holders, not_searched: notSearched }: Preview,
  { print, table }: CommandOutput,
): void {
  const found = holders.filter(
    ({ erased, pseudonymised, scrubbed, kept }) => erased + pseudonymised + scrubbed + kept.length > 0,
  )
  print(`\n${tenantId}`)
  if (found.length === 0) return print('  no data found')
  const known = [...person.emails, ...person.phones, ...person.names, ...person.refs]
  print(`Known by: ${known.join(', ')}`)
  if (notSearched.length > 0) print(`Not searched for in free text, because too common: ${notSearched.join(', ')}`)
  table(
    found.map(({ name, erased, pseudonymised, scrubbed }) => ({
      data: name,
      erased: String(erased),
      pseudonymised: String(pseudonymised),
      'mentions scrubbed': String(scrubbed),
    })),
  )
  for (const { kept } of found) for (const { what, count, why } of kept) print(`Kept: ${count} × ${what}. ${why}`)
}

async function erase(
  { api }: CommandApp<Privacy>,
  contexts: readonly Ctx[],
  { file, ...input }: { readonly person: string; readonly token: string; readonly file: string },
  { print }: CommandOutput,
): Promise<void> {
  // All tenants are confirmed first, because an erasure in one changes what is to be erased in the next.
  const confirmed: [Ctx, string][] = []
  for (const ctx of contexts) {
    const request = await api.confirmByToken(ctx, input)
    if (request !== undefined) confirmed.push([ctx, request])
  }
  const reports: SignedReport[] = []
  for (const [ctx, request_id] of confirmed) {
    const report = await api.carryOutErasure(ctx, { request_id })
    reports.push(report)
    print(`${ctx.tenantId}: erased, report ${String(report.report['request_id'])}`)
  }
  if (reports.length === 0) {
    throw new Failure(
      'not_found',
      'There is no preview with this token. Nothing was erased. Run the command without --confirm to get a new token.',
    )
  }
  await writeFile(file, reports.map((report) => `${JSON.stringify(report)}\n`).join(''), PRIVATE)
  print(`The signed report is in ${file}.`)
}

async function verify(file: string, key: string | undefined, { print }: CommandOutput): Promise<void> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new Failure('not_found', `${file} cannot be read.`, { cause: error })
  })
  const reports = text.split('\n').filter((line) => line.trim() !== '')
  const { verifyReport } = await import('./signed-report.ts')
  for (const [at, line] of reports.entries()) {
    const verdict = verifyReport(line, key)
    if (!verdict.valid) throw new Failure('invalid', `Report ${at + 1} of ${file} is not valid: ${verdict.why}.`)
    const { request_id: request, tenant_id: tenant, completed_at: at_ } = verdict.report
    print(`Valid: ${String(request)} of ${String(tenant)}, completed ${String(at_)}, signed with key ${verdict.keyId}.`)
  }
  if (reports.length === 0) throw new Failure('invalid', `${file} contains no report.`)
  if (key === undefined)
    print('The owner of that key was not checked: compare it with plimsoll privacy report-key, or pass --key.')
}

function lines({ readme, request_id, data }: Archive): string {
  const rows = Object.entries(data).flatMap(([holder, held]) => held.map((row) => ({ holder, row })))
  return [{ request_id, readme }, ...rows].map((line) => `${JSON.stringify(line)}\n`).join('')
}
