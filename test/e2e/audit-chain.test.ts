import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verifyLines } from '../../src/modules/audit/verify/verify-lines.ts'
import { testDatabase } from '../support/database.ts'
import { runCommand, startProduct } from '../support/product-process.ts'
import { testTenant } from '../support/tenant.ts'

/** The number of tool calls. The suite runs 500; set AUDIT_OPERATIONS=10000 for the full test. */
const OPERATIONS = Number(process.env['AUDIT_OPERATIONS'] ?? '500')
const PROCESSES = 4
const CALLERS_PER_PROCESS = 4

const database = await testDatabase()
const folder = await mkdtemp(path.join(tmpdir(), 'plimsoll-audit-'))
const file = path.join(folder, 'export.ndjson')
const environment = {
  ENVIRONMENT: 'test',
  DATABASE_URL: database.url,
  DATA_DIR: folder,
  ENCRYPTION_KEY: randomBytes(32).toString('base64'),
  RATE_LIMIT_ENABLED: 'false',
  LOG_LEVEL: 'ERROR',
}
let tenantId: string
let lines: readonly string[]

afterAll(() => rm(folder, { recursive: true, force: true }))

describe(`${OPERATIONS.toLocaleString('en-US')} mixed operations from ${PROCESSES} processes on one database`, () => {
  beforeAll(async () => {
    ;({ tenantId } = await testTenant(database))
    const keys = { all: await makeKey('customers:read,customers:write'), reader: await makeKey('customers:read') }
    const servers = await Promise.all(Array.from({ length: PROCESSES }, () => startProduct(environment)))
    let next = 0
    const caller = async (url: string) => {
      for (let n = next++; n < OPERATIONS; n = next++) await operation(url, n, keys)
    }
    const callers = servers.flatMap(({ url }) => Array.from({ length: CALLERS_PER_PROCESS }, () => caller(url)))
    await Promise.all(callers)
    expect(await Promise.all(servers.map((server) => server.stop()))).toEqual(servers.map(() => 0))
    const exported = await plimsoll('audit', 'export', '--tenant', tenantId, '--out', file)
    expect(exported.code, exported.err).toBe(0)
    lines = (await readFile(file, 'utf8')).split(/(?<=\n)/)
  }, 600_000)

  it('are each one audit event, in one chain that verifies without a database', async () => {
    const calls = lines.filter((line) => line.includes('"action":"tool.'))
    const times = calls.map((line) => Number(/"times":(\d+)/.exec(line)?.[1] ?? '1'))
    expect(times.reduce((sum, count) => sum + count, 0)).toBe(OPERATIONS)
    const [{ blocks } = { blocks: '' }] = (
      await database.owner.query<{ blocks: string }>(
        'select count(*) as blocks from audit.blocks where tenant_id = $1',
        [tenantId],
      )
    ).rows
    expect(Number(blocks)).toBeGreaterThan(2)
    const verified = await runCommand(['audit', 'verify', file, '--expect-head', headOf(lines)], {})
    expect(verified.out).toContain('The chain is valid.')
    expect(verified.code).toBe(0)
    expect((await plimsoll('audit', 'verify', '--tenant', tenantId, '--expect-head', headOf(lines))).code).toBe(0)
  })

  it('verification names the event in which a byte of the export was changed', async () => {
    const at = someEvent()
    const event = idOf(at)
    const told = await verifyTampered(lines.with(at, (lines[at] ?? '').replace('"success"', '"saccess"')), true)
    expect(told).toContain(`line ${at + 1}: altered_event: event ${event} in block`)
  })

  it('verification names the event that was deleted from the export', async () => {
    const at = someEvent()
    expect(await verifyTampered(lines.toSpliced(at, 1))).toMatch(
      new RegExp(`missing_event: event ${idOf(at)} of block \\d+`),
    )
  })

  it('verification names the event where two were reordered', async () => {
    const at = someEvent()
    const told = await verifyTampered(lines.with(at, lines[at + 1] ?? '').with(at + 1, lines[at] ?? ''))
    expect(told).toContain(`reordered_events: event ${idOf(at)} in block`)
  })

  it('are sealed on demand; an unknown tenant or file is reported in one line', async () => {
    expect((await plimsoll('audit', 'seal')).out).toMatch(/^Sealed \d+ events\.$/m)
    const unknown = await plimsoll('audit', 'export', '--tenant', 'nobody', '--out', file)
    expect([unknown.code, unknown.err]).toEqual([1, expect.stringContaining('There is no tenant nobody')])
    const missing = await runCommand(['audit', 'verify', path.join(folder, 'missing')], {})
    expect([missing.code, missing.err]).toEqual([1, expect.stringContaining('cannot be read')])
  })

  it('verification in the database names the row that its owner deleted', async () => {
    const event = idOf(someEvent())
    await database.owner.query('delete from audit.events where tenant_id = $1 and id = $2', [tenantId, event])
    const told = await plimsoll('audit', 'verify', '--tenant', tenantId)
    expect(told.code).toBe(1)
    expect(told.out).toContain(`missing_event: event ${event}`)
  })
})

const plimsoll = (...words: readonly string[]) => runCommand(words, environment)

async function makeKey(scopes: string): Promise<string> {
  const made = await plimsoll('keys', 'create', '--tenant', tenantId, '--name', 'caller', '--scopes', scopes)
  return /plim_\S+/.exec(made.out)?.[0] ?? `no key: ${made.err}`
}

/** One of seven calls: a new customer, a change, reads of one and of many, usage, a refusal, an unknown customer. */
async function operation(
  url: string,
  n: number,
  keys: { readonly all: string; readonly reader: string },
): Promise<void> {
  const client_id = `cus_${Math.floor(n / 7) % 50}`
  const operations: readonly (readonly [string, Readonly<Record<string, unknown>>, string?])[] = [
    [
      'register_client',
      { client_name: `Client ${n}`, primary_contact_email: `person${n}@example.com`, primary_contact_name: 'Person' },
    ],
    ['register_client', { client_id, client_name: `Client ${client_id}` }],
    ['update_client_info', { client_id, updates: { primary_contact_email: `person${n}@example.com` } }],
    ['get_client_overview', { client_id }],
    ['list_clients', { limit: 5 }],
    ['update_client_info', { client_id, updates: { industry: 'Retail' } }, keys.reader],
    ['get_client_overview', { client_id: 'nobody' }],
  ]
  const [name, args, key = keys.all] = operations[n % operations.length] ?? ['list_clients', {}]
  const response = await fetch(`${url}/mcp`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${key}`,
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': '2025-11-25',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: n, method: 'tools/call', params: { name, arguments: args } }),
  })
  await response.text()
  expect(response.status).toBeLessThan(500)
}

/** The line of a successful event in the middle that is followed by another event of its block. */
function someEvent(): number {
  const isEvent = (line: string | undefined) => line?.includes('"type":"event"') === true
  const middle = Math.floor(lines.length / 2)
  const at = lines.findIndex(
    (line, n) => n > middle && isEvent(line) && line.includes('"success"') && isEvent(lines[n + 1]),
  )
  expect(at).toBeGreaterThan(0)
  return at
}

const idOf = (at: number) => /"id":"(aud_\w+)"/.exec(lines[at] ?? '')?.[1] ?? 'no id'
const headOf = (all: readonly string[]) => /"head":"(\w+)"/.exec(all.at(-1) ?? '')?.[1] ?? 'no head'

/** The first problem that verification finds; `byCommand` runs the command instead of the function that it calls. */
async function verifyTampered(tampered: readonly string[], byCommand = false): Promise<string> {
  if (!byCommand) {
    const report = await verifyLines(Readable.from(tampered))
    expect(report.ok).toBe(false)
    const [{ line, kind, message } = { line: 0, kind: 'none', message: '' }] = report.problems
    return `line ${line}: ${kind}: ${message}`
  }
  const other = path.join(folder, 'tampered.ndjson')
  await writeFile(other, tampered.join(''))
  const { code, out } = await runCommand(['audit', 'verify', other], {})
  expect(code).toBe(1)
  return out
}
