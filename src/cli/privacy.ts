import { readFile, writeFile } from 'node:fs/promises'
import { Option } from 'commander'
import type { Command } from 'commander'
import { PLATFORM_TENANT } from '#kernel/audit'
import type { Ctx } from '#kernel/context'
import { Failure } from '#kernel/failure'
import type { App } from '../app.ts'
import { newConfirmToken, verifyReport } from '../modules/privacy/index.ts'
import type { Archive, Preview, SignedReport } from '../modules/privacy/index.ts'
import type { OpenApp } from './open.ts'
import { cliContext, reportFailure, tenantContext, withApp } from './open.ts'
import { print, printTable } from './output.ts'

interface EraseOptions {
  readonly tenant?: string
  readonly allTenants?: true
  readonly confirm?: string
  readonly report: string
}

/** `plimsoll privacy export|erase|report-key|verify-report`. */
export function registerPrivacy(program: Command, open: OpenApp): void {
  const privacy = program.command('privacy').description('what is held about a person: show it, erase it, prove it')
  privacy
    .command('export <person>')
    .description('write everything that is held about a person (e-mail, phone or id) to a file')
    .requiredOption('--tenant <id>', 'the tenant')
    .addOption(
      new Option('--format <format>', 'one document, or a line a row').choices(['json', 'ndjson']).default('json'),
    )
    .option('--out <file>', 'where to write it', 'person-export.json')
    .action((person: string, { tenant, format, out }: { tenant: string; format: string; out: string }) =>
      withApp(open, async (app) => {
        const archive = await app.privacy.exportPerson(await tenantContext(app, tenant), { person })
        await writeFile(out, format === 'json' ? `${JSON.stringify(archive, null, 2)}\n` : lines(archive), PRIVATE)
        printTable(archive.readme.holders.map(({ name, rows }) => ({ held: name, rows: String(rows) })))
        print(`Written to ${out}.`)
      }),
    )
  privacy
    .command('erase <person>')
    .description('show what erasing a person (e-mail, phone or id) would do; with --confirm, do it')
    .option('--tenant <id>', 'the tenant')
    .option('--all-tenants', 'in every tenant of this installation')
    .option('--confirm <token>', 'the token that the preview printed; the same again goes on where it was cut off')
    .option('--report <file>', 'where the signed report goes, one line a tenant', 'erasure-report.json')
    .action((person: string, options: EraseOptions) =>
      withApp(open, async (app) => {
        const contexts = await contextsOf(app, options)
        const { confirm } = options
        if (confirm === undefined) await preview(app, contexts, person, options)
        else await erase(app, contexts, { person, token: confirm }, options.report)
      }),
    )
  privacy
    .command('report-key')
    .description('print the public key that the reports of a tenant are verified with')
    .requiredOption('--tenant <id>', 'the tenant')
    .action(({ tenant }: { tenant: string }) =>
      withApp(open, async (app) => print((await app.privacy.reportKey(await tenantContext(app, tenant))).public_key)),
    )
  privacy
    .command('verify-report <file>')
    .description('check, offline, that a report of an erasure is as it was signed')
    .option('--key <public key>', 'the key that it must be signed with: plimsoll privacy report-key')
    .action((file: string, { key }: { key?: string }) => reportFailure(() => verify(file, key)))
}

/** Nobody else on this machine has to read it. */
const PRIVATE = { mode: 0o600 }

async function contextsOf(app: App, { tenant, allTenants }: EraseOptions): Promise<Ctx[]> {
  if ((tenant === undefined) === (allTenants === undefined)) {
    throw new Failure('invalid', 'Say where: --tenant <id> or --all-tenants.')
  }
  if (tenant !== undefined) return [await tenantContext(app, tenant)]
  const tenants = await app.access.tenants()
  return [...tenants.map(({ tenantId }) => tenantId), PLATFORM_TENANT].map((id) => cliContext(app, id))
}

async function preview(app: App, contexts: readonly Ctx[], person: string, options: EraseOptions): Promise<void> {
  const token = newConfirmToken()
  for (const ctx of contexts) showPreview(ctx.tenantId, await app.privacy.requestErasure(ctx, { person, token }))
  const where = options.tenant === undefined ? '--all-tenants' : `--tenant ${options.tenant}`
  print(`\nNothing was erased. Within an hour, to erase what is listed above, for good:`)
  print(`  plimsoll privacy erase ${JSON.stringify(person)} ${where} --confirm ${token}`)
}

function showPreview(tenantId: string, { person, holders, not_searched: notSearched }: Preview): void {
  const found = holders.filter(
    ({ erased, pseudonymised, scrubbed, kept }) => erased + pseudonymised + scrubbed + kept.length > 0,
  )
  print(`\n${tenantId}`)
  if (found.length === 0) return print('  nothing is held')
  const known = [...person.emails, ...person.phones, ...person.names, ...person.refs]
  print(`Known by: ${known.join(', ')}`)
  if (notSearched.length > 0) print(`Too common to be searched for in texts: ${notSearched.join(', ')}`)
  printTable(
    found.map(({ name, erased, pseudonymised, scrubbed }) => ({
      held: name,
      'go away': String(erased),
      'lose the person': String(pseudonymised),
      'mentions scrubbed': String(scrubbed),
    })),
  )
  for (const { kept } of found) for (const { what, count, why } of kept) print(`Kept: ${count} × ${what}. ${why}`)
}

async function erase(
  app: App,
  contexts: readonly Ctx[],
  input: { readonly person: string; readonly token: string },
  file: string,
): Promise<void> {
  const reports: SignedReport[] = []
  for (const ctx of contexts) {
    const report = await app.privacy.eraseByToken(ctx, input)
    if (report === undefined) continue
    reports.push(report)
    print(`${ctx.tenantId}: erased, report ${String(report.report['request_id'])}`)
  }
  if (reports.length === 0) {
    throw new Failure('not_found', 'There is no preview with this token here. Nothing was erased; ask for a preview.')
  }
  await writeFile(file, reports.map((report) => `${JSON.stringify(report)}\n`).join(''))
  print(`The signed report is in ${file}.`)
}

async function verify(file: string, key: string | undefined): Promise<void> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new Failure('not_found', `${file} cannot be read.`, { cause: error })
  })
  const reports = text.split('\n').filter((line) => line.trim() !== '')
  for (const [at, line] of reports.entries()) {
    const verdict = verifyReport(line, key)
    if (!verdict.valid) throw new Failure('invalid', `Report ${at + 1} of ${file} is not genuine: ${verdict.why}.`)
    const { request_id: request, tenant_id: tenant, completed_at: at_ } = verdict.report
    print(
      `Genuine: ${String(request)} of ${String(tenant)}, completed ${String(at_)}, signed with key ${verdict.keyId}.`,
    )
  }
  if (reports.length === 0) throw new Failure('invalid', `${file} holds no report.`)
  if (key === undefined)
    print('Whose key that is, only its owner can tell: compare plimsoll privacy report-key, or give --key.')
}

function lines({ readme, request_id, data }: Archive): string {
  const rows = Object.entries(data).flatMap(([holder, held]) => held.map((row) => ({ holder, row })))
  return [{ request_id, readme }, ...rows].map((line) => `${JSON.stringify(line)}\n`).join('')
}
