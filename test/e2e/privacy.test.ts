import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Scope } from '#kernel/principal'
import type { App } from '../../src/app.ts'
import { looksPersonal, NOT_PERSONAL } from '../architecture/personal-columns.ts'
import type { Column } from '../architecture/personal-columns.ts'
import { startApp } from '../support/app.ts'
import { addCustomers } from '../support/customer-data.ts'
import { testDatabase } from '../support/database.ts'
import { dumpOf } from '../support/database-dump.ts'
import { addPerson } from '../support/person-data.ts'
import { runCommand } from '../support/product-process.ts'
import { TEST_ROOT_KEY, testTenant } from '../support/tenant.ts'
import type { TestTenant } from '../support/tenant.ts'

const ADA = { email: 'ada.lovelace@example.com', name: 'Ada Lovelace', phone: '+1 (415) 555-0123', userId: 'u-ada' }
const BOB = { email: 'bob.babbage@example.com', name: 'Bob Babbage', phone: '+44 20 7946 0958', userId: 'u-bob' }
const IDENTIFIERS = {
  email: /ada\.lovelace(@|%40)example\.com/gi,
  name: /ada[\s,+]+lovelace|lovelace[\s,]+ada/gi,
  phone: /415\D{0,3}555\D{0,3}0123/g,
}
const PASSWORD = 'Correct-horse-7-battery'

const database = await testDatabase()
const environment = {
  ENVIRONMENT: 'test',
  DATABASE_URL: database.url,
  SERVER_PORT: '0',
  RATE_LIMIT_ENABLED: 'false',
  AUTH_REQUIRE_VERIFIED_EMAIL: 'false',
  LOG_LEVEL: 'ERROR',
  // The key with which tests encrypt what they insert directly.
  ENCRYPTION_KEY: TEST_ROOT_KEY.toString('base64'),
}
let folder: string
let app: App
let url: string
let alpha: TestTenant
let bravo: TestTenant
let key: string
let userToken: string

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'plimsoll-privacy-'))
  ;({ app, url } = await startApp(database, { ...environment, DATA_DIR: folder }))
  alpha = await testTenant(database)
  bravo = await testTenant(database)
  key = await keyOf(alpha)
  for (const tenant of [alpha, bravo]) {
    await addCustomers(database, tenant.tenantId, [{ clientId: 'acme', name: 'Acme' }, { clientId: 'globex' }])
    const mention = `Eve asked ${ADA.name} <${ADA.email.toUpperCase()}> at 415.555.0123`
    await addPerson(database, tenant.tenantId, 'acme', ADA, mention)
    await addPerson(database, tenant.tenantId, 'globex', BOB, 'Of nobody in particular')
  }
  await createThroughTheApi()
})

afterAll(async () => {
  await app.close()
  await rm(folder, { recursive: true, force: true })
})

describe('a person with data in every module', () => {
  it('is in the database dump at first', async () => {
    expect(await hits()).toEqual({ email: expect.any(Number), name: expect.any(Number), phone: expect.any(Number) })
    for (const count of Object.values(await hits())) expect(count).toBeGreaterThan(10)
  })

  it('is exported completely, with the rows of every holder', async () => {
    const { status, body } = await call('POST', '/api/v1/privacy/exports', { person: ADA.email })
    expect(status).toBe(200)
    const counts = Object.fromEntries(
      body.data.readme.holders.map(({ name, rows }: { name: string; rows: number }) => [name, rows]),
    )
    for (const name of [
      ...['customers.contacts', 'customers.usage', 'customers.tickets', 'customers.survey-answers'],
      ...['customers.accounts', 'customers.timeline', 'kernel.idempotency-keys', 'privacy.consents'],
    ]) {
      expect([name, counts[name]]).toEqual([name, expect.any(Number)])
      expect(counts[name]).toBeGreaterThan(0)
    }
    expect(JSON.stringify(body)).not.toContain(BOB.email)
  })

  it('is exported by a worker, whatever is held, and the archive is as the export at once', async () => {
    const live = await call('POST', '/api/v1/privacy/exports', { person: ADA.email })
    const { status, body } = await call('POST', '/api/v1/privacy/exports/requested', { person: ADA.email })
    expect([status, body.data.status]).toEqual([202, 'requested'])
    const request = `/api/v1/privacy/requests/${body.data.request_id}`
    const completed = async () => expect((await call('GET', request)).body.data.status).toBe('completed')
    await vi.waitFor(completed, { timeout: 20_000, interval: 200 })
    const archive = await call('GET', `${request}/archive`)
    expect(archive.status).toBe(200)
    expect(archive.body.readme.person).toEqual(live.body.data.readme.person)
    for (const holder of ['customers.contacts', 'customers.tickets', 'customers.usage'])
      expect(archive.body.data[holder]).toEqual(live.body.data.data[holder])
    const theirs = await keyOf(bravo)
    expect((await call('GET', `${request}/archive`, undefined, theirs)).status).toBe(404)
    expect((await call('GET', '/api/v1/privacy/requests/prq_none/archive')).status).toBe(404)
  })

  it('is exported by the operator, one line per row', async () => {
    const output = path.join(folder, 'export.ndjson')
    const words = ['privacy', 'export', ADA.phone, '--tenant', alpha.tenantId, '--format', 'ndjson', '--out', output]
    const { code, err } = await runCommand(words, { ...environment, DATA_DIR: folder })
    expect({ code, err }).toEqual({ code: 0, err: '' })
    const [head = '', ...lines] = (await readFile(output, 'utf8')).trim().split('\n')
    // safe because: it is checked below.
    const { readme } = JSON.parse(head) as { readme: { person: { emails: string[] }; holders: { rows: number }[] } }
    expect(readme.person.emails).toEqual([ADA.email])
    expect(lines).toHaveLength(readme.holders.reduce((sum, { rows }) => sum + rows, 0))
  })

  it('can export their own account', async () => {
    const { status, body } = await call('POST', '/api/v1/users/me/privacy/exports', undefined, userToken)
    expect(status).toBe(200)
    expect(JSON.stringify(body.data.data)).toContain(ADA.email)
    expect(JSON.stringify(body.data.data)).toContain('Learn the engine')
  })

  it('can erase their own account only by typing its e-mail, and not with a key', async () => {
    const own = '/api/v1/users/me/privacy/erasures'
    expect((await call('POST', own, { email: BOB.email }, userToken)).status).toBe(400)
    expect((await call('POST', own, { email: ADA.email }, key)).status).toBe(403)
    const { status, body } = await call('POST', own, { email: ADA.email.toUpperCase() }, userToken)
    expect(status).toBe(201)
    expect(body.data.person.emails).toContain(ADA.email)
  })

  it('who erases their own account is erased when a worker has carried it out', async () => {
    const account = { email: 'grace.hopper@example.com', password: PASSWORD }
    const { body } = await call('POST', '/api/v1/auth/register', { ...account, name: 'Grace Hopper' }, '')
    const own = '/api/v1/users/me/privacy/erasures'
    const preview = await call('POST', own, { email: account.email }, body.data.access_token)
    const { request_id: id, confirm_token } = preview.body.data
    const confirmed = await call('POST', `${own}/${id}/confirm`, { confirm_token }, body.data.access_token)
    expect(confirmed.status).toBe(202)
    const refused = async () => expect((await call('POST', '/api/v1/auth/login', account, '')).status).toBe(401)
    await vi.waitFor(refused, { timeout: 20_000, interval: 200 })
    expect(await dumpOf(database)).not.toMatch(/grace[\s.]hopper/i)
  })

  it('is erased in one organisation in two steps, while the other keeps every row', async () => {
    const before = await linesOf(bravo.tenantId)
    const preview = await call('POST', '/api/v1/privacy/erasures', { person: ADA.email })
    expect(preview.status).toBe(201)
    const { request_id: id, confirm_token: token } = preview.body.data
    expect(
      (await call('POST', `/api/v1/privacy/erasures/${id}/confirm`, { confirm_token: 'x'.repeat(32) })).status,
    ).toBe(409)
    expect((await call('POST', `/api/v1/privacy/erasures/${id}/confirm`, { confirm_token: token })).status).toBe(202)
    const request = await completed(id)
    expect(request.report.report.looked_again.still_found).toBe(0)
    expect(JSON.stringify(request)).not.toMatch(IDENTIFIERS.email)
    expect(found(await linesOf(alpha.tenantId))).toEqual({ email: 0, name: 0, phone: 0 })
    expect(await linesOf(alpha.tenantId)).toContain(BOB.email)
    expect(await linesOf(bravo.tenantId)).toBe(before)
  })

  it('is erased in every organisation by the operator, without a trace in a raw dump', async () => {
    // Also a member of one: there is less to erase there once their own organisation has erased the account.
    await database.owner.query(
      `insert into access.members (tenant_id, id, user_id, role, created_at)
       select $1, 'mbr_ada_bravo', id, 'read-only', now() from access.users where email = $2`,
      [bravo.tenantId, ADA.email],
    )
    const report = path.join(folder, 'report.json')
    const erase = ['privacy', 'erase', ADA.email, '--all-tenants', '--report', report]
    const command = { ...environment, DATA_DIR: folder }
    const shown = await runCommand(erase, command)
    expect(shown).toMatchObject({ code: 0, out: expect.stringContaining('nothing was erased') })
    const token = /--confirm (\S+)/.exec(shown.out)?.[1] ?? ''
    expect(await runCommand([...erase, '--confirm', token], command)).toMatchObject({ code: 0, err: '' })
    expect(await hits()).toEqual({ email: 0, name: 0, phone: 0 })
    expect(await dumpOf(database)).toContain(BOB.email)

    expect(await runCommand(['privacy', 'verify-report', report], {})).toMatchObject({ code: 0, err: '' })
    const text = await readFile(report, 'utf8')
    expect(found(text)).toEqual({ email: 0, name: 0, phone: 0 })
    await writeFile(report, text.replace('"pseudonymised":', '"pseudonymised":1'))
    expect(await runCommand(['privacy', 'verify-report', report], {})).toMatchObject({
      code: 1,
      err: expect.stringContaining('altered'),
    })
  })

  it('is erased, and the audit chain still verifies', async () => {
    await app.audit.sealAll()
    for (const { tenantId } of [alpha, bravo]) {
      const { ok, events, problems } = await app.audit.verify(tenantId)
      expect({ tenantId, ok, problems }).toEqual({ tenantId, ok: true, problems: [] })
      expect(events).toBeGreaterThan(0)
    }
  })

  it('cannot sign in any more', async () => {
    const { status } = await call('POST', '/api/v1/auth/login', { email: ADA.email, password: PASSWORD }, '')
    expect(status).toBe(401)
  })
})

it('every column that looks personal is in a table that a holder of the application names', async () => {
  const { rows } = await database.owner.query<Column>(
    `select table_schema || '.' || table_name as table, column_name as column, data_type as type,
       (select coalesce(string_agg(pg_get_constraintdef(k.oid), ' '), '') from pg_constraint k
        join pg_attribute a on a.attrelid = k.conrelid and a.attnum = any(k.conkey)
        where k.contype = 'c' and k.conrelid = format('%I.%I', table_schema, table_name)::regclass
          and a.attname = column_name) as rest
     from information_schema.columns join information_schema.tables using (table_schema, table_name)
     where table_schema not in ('pg_catalog', 'information_schema', 'jobs', 'migration') and table_type = 'BASE TABLE'
       and table_name !~ '^usage_events_'`,
  )
  const personal = rows.filter(looksPersonal)
  expect(personal.length).toBeGreaterThan(40)
  const held = new Set(app.modules.flatMap(({ personalData = [] }) => personalData.flatMap(({ tables }) => tables)))
  const unheld = personal.filter(
    ({ table, column }) => !held.has(table) && NOT_PERSONAL[`${table}.${column}`] === undefined,
  )
  expect(unheld.map(({ table, column }) => `${table}.${column}`)).toEqual([])
})

/** Creates an account, a task, events, a customer and a consent through the API. */
async function createThroughTheApi(): Promise<void> {
  const account = { email: ADA.email, password: PASSWORD, name: ADA.name }
  const registered = await call('POST', '/api/v1/auth/register', account, '')
  expect(registered.status).toBe(201)
  userToken = registered.body.data.access_token
  expect((await call('POST', '/api/v1/tasks', { title: 'Learn the engine' }, userToken)).status).toBe(201)

  const traits = { email: ADA.email, name: ADA.name, phone: ADA.phone }
  expect((await call('POST', '/v1/identify', { userId: 'ada-2', context: { groupId: 'acme' }, traits })).status).toBe(
    200,
  )
  const properties = {
    invited: [ADA.email],
    note: `for ${ADA.name}`,
    tel: 14155550123,
    url: 'https://x.test/?to=ada.lovelace%40example.com',
  }
  expect(
    (await call('POST', '/v1/track', { userId: 'eve', event: 'invite', context: { groupId: 'acme' }, properties }))
      .status,
  ).toBe(200)
  const person = { person: ADA.email, purpose: 'product_news', state: 'given', source: 'web_form' }
  expect((await call('POST', '/api/v1/privacy/consents', person)).status).toBe(201)
  const contact = { primary_contact_email: ADA.email, primary_contact_name: ADA.name, idempotency_key: 'made-once' }
  const registering = { name: 'register_client', arguments: { client_name: 'Analytical Engines', ...contact } }
  const { body } = await call('POST', '/mcp', { jsonrpc: '2.0', id: 1, method: 'tools/call', params: registering })
  expect(body.result?.isError).not.toBe(true)
}

async function call(method: string, where: string, sent?: unknown, token = key) {
  const response = await fetch(`${url}${where}`, {
    method,
    headers: {
      ...(token !== '' && { Authorization: `Bearer ${token}` }),
      ...(sent !== undefined && { 'Content-Type': 'application/json' }),
      Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': '2025-11-25',
    },
    ...(sent !== undefined && { body: JSON.stringify(sent) }),
  })
  // oxlint-disable-next-line typescript/no-explicit-any -- the tests check what they read.
  const body: any = await response.json()
  return { status: response.status, body }
}

async function completed(id: string) {
  return vi.waitFor(
    async () => {
      const { body } = await call('GET', `/api/v1/privacy/requests/${id}`)
      expect(body.data.status).toBe('completed')
      return body.data
    },
    { timeout: 20_000, interval: 100 },
  )
}

async function keyOf(tenant: TestTenant): Promise<string> {
  const scopes: Scope[] = ['customers:read', 'customers:write', 'privacy:read', 'privacy:write', 'own-data:write']
  return (
    await app.access.createKey(tenant.ctx({ scopes: app.scopes.map(({ scope }) => scope) }), {
      name: 'privacy desk',
      scopes,
    })
  ).key
}

function found(text: string) {
  const count = (pattern: RegExp) => [...text.matchAll(pattern)].length
  return { email: count(IDENTIFIERS.email), name: count(IDENTIFIERS.name), phone: count(IDENTIFIERS.phone) }
}

const hits = async () => found(await dumpOf(database))

/** Every row of a tenant as text. */
async function linesOf(tenantId: string): Promise<string> {
  const tables = await database.owner.query<{ name: string }>(
    `select a.attrelid::regclass::text as name from pg_attribute a join pg_class c on c.oid = a.attrelid
     where a.attname = 'tenant_id' and not a.attisdropped and c.relkind in ('r', 'p') and not c.relispartition order by 1`,
  )
  const lines: string[] = []
  for (const { name } of tables.rows) {
    const sql = `select coalesce(string_agg(t::text, e'\\n' order by t::text), '') as text from ${name} t where tenant_id = $1`
    lines.push(name, (await database.owner.query<{ text: string }>(sql, [tenantId])).rows[0]?.text ?? '')
  }
  return lines.join('\n')
}
