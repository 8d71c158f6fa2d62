import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { loadConfig } from '../../settings.ts'
import type { PersonalData } from '#kernel/personal-data'
import { idempotencyPersonalData } from '#kernel/writes/idempotency-personal-data'
import { createKeyring } from '#kernel/crypto/keyring'
import { addCustomers } from '../../../test/support/customer-data.ts'
import { testDatabase } from '../../../test/support/database.ts'
import type { TestDatabase } from '../../../test/support/database.ts'
import { addPerson } from '../../../test/support/person-data.ts'
import { afterWaiting } from '../../../test/support/race.ts'
import { TEST_NOW, testTenant } from '../../../test/support/tenant.ts'
import { testFiles } from '../../../test/support/file-store.ts'
import type { TestTenant } from '../../../test/support/tenant.ts'
import { customersModule } from '../customers/index.ts'
import { privacyModule } from './index.ts'
import { verifyReport } from './signed-report.ts'
import type { Privacy } from './index.ts'
import { tenantsWithSuppressions } from './store/suppressions.ts'

const ADA = { email: 'ada@example.com', name: 'Ada Lovelace', phone: '+1 (415) 555-0123', userId: 'u-ada' }
const IDENTIFIERS = /ada@example\.com|ada\s+lovelace|415\D{0,3}555\D{0,3}0123/i

let database: TestDatabase
let privacy: Privacy
/** A holder that runs `act` once, inside an erasure. */
let meanwhile: ((ctx: Ctx) => Promise<unknown>) | undefined
const busyHolder: PersonalData = {
  name: 'test.busy',
  describe: 'Lets others write while somebody is erased.',
  tables: [],
  export: () => Promise.resolve([]),
  preview: () => Promise.resolve({ erased: 0, pseudonymised: 0, kept: [] }),
  async erase(ctx) {
    const act = meanwhile
    meanwhile = undefined
    await act?.(ctx)
    return { erased: 0, pseudonymised: 0, kept: [] }
  },
}
beforeAll(async () => {
  database = await testDatabase()
  const module = privacyModule({
    keyring: createKeyring([randomBytes(32)]),
    files: testFiles(database),
    holders: () => [idempotencyPersonalData, ...(customersHolders ?? []), ...(module.personalData ?? []), busyHolder],
  })
  privacy = module.api
})
const customersHolders = customersModule({ settings: loadConfig({ ENVIRONMENT: 'test' }).customers }).personalData

describe('an erasure', () => {
  it('is previewed, confirmed by its token, carried out and reported; the report verifies', async () => {
    const tenant = await filled()
    const preview = await privacy.requestErasure(tenant.ctx(), { person: 'ADA@Example.com' })
    expect(preview.person.names).toEqual(['Ada Lovelace'])
    expect(await textOf(tenant)).toMatch(IDENTIFIERS)

    const token = preview.confirm_token
    const signed = await eraseByToken(tenant.ctx(), { person: 'ada@example.com', token })
    expect(await textOf(tenant)).not.toMatch(IDENTIFIERS)
    expect(signed?.report).toMatchObject({ request_id: preview.request_id, looked_again: { still_found: 0 } })
    expect(JSON.stringify(signed)).not.toMatch(IDENTIFIERS)
    expect(signed?.report['done']).toEqual(signed?.report['found'])
    expect(verifyReport(JSON.stringify(signed))).toMatchObject({ valid: true })
    expect(await eraseByToken(tenant.ctx(), { person: 'ada@example.com', token })).toEqual(signed)
  })

  it('looks again: what others wrote while it ran is erased too', async () => {
    const tenant = await filled()
    const { confirm_token: token } = await privacy.requestErasure(tenant.ctx(), { person: ADA.email })
    meanwhile = () =>
      database.owner.query(
        `insert into customers.contacts (tenant_id, contact_id, client_id, email) values ($1, 'late', 'acme', $2)`,
        [tenant.tenantId, ADA.email],
      )
    const signed = await eraseByToken(tenant.ctx(), { person: ADA.email, token })
    expect(signed?.report).toMatchObject({ looked_again: { times: 2, still_found: 0 } })
    expect(await textOf(tenant)).not.toMatch(IDENTIFIERS)
  })

  it('carried out by two processes at once waits its turn, and counts what both erased', async () => {
    const tenant = await filled()
    const { confirm_token: token } = await privacy.requestErasure(tenant.ctx(), { person: ADA.email })
    const request_id = (await privacy.confirmByToken(tenant.ctx(), { person: ADA.email, token })) ?? ''
    const first = {
      sql: 'update privacy.requests set done = found where tenant_id = $1 and request_id = $2',
      values: [tenant.tenantId, request_id],
    }
    const carryOut = () => privacy.carryOutErasure(tenant.ctx(), { request_id })
    const { report } = await afterWaiting(database, first, carryOut)
    const erased = (counts: unknown) => z.array(z.object({ erased: z.int() })).parse(counts)
    expect(erased(report['done'])).toEqual(erased(report['found']).map((one) => ({ erased: 2 * one.erased })))
  })

  it('asked for again finds nothing', async () => {
    const tenant = await filled()
    for (const rows of [true, false]) {
      const { holders, confirm_token: token } = await privacy.requestErasure(tenant.ctx(), { person: ADA.email })
      const sum = holders.reduce((rowsFound, { erased, pseudonymised }) => rowsFound + erased + pseudonymised, 0)
      expect(sum > 0).toBe(rows)
      await eraseByToken(tenant.ctx(), { person: ADA.email, token })
    }
  })

  it('needs the scope', async () => {
    const tenant = await filled()
    const reader = tenant.ctx({ scopes: ['privacy:read', 'customers:write'] })
    await expect(privacy.requestErasure(reader, { person: ADA.email })).rejects.toMatchObject({ kind: 'forbidden' })
    await expect(privacy.exportPerson(tenant.ctx({ scopes: [] }), { person: ADA.email })).rejects.toMatchObject({
      kind: 'forbidden',
    })
  })

  it.each([
    ['another token', { token: 'x'.repeat(32) }, undefined],
    ['another person', { person: 'bob@example.com' }, /somebody else/],
  ])('is refused for %s', async (_, given, refusal) => {
    const tenant = await filled()
    const { confirm_token: token } = await privacy.requestErasure(tenant.ctx(), { person: ADA.email })
    const erasing = eraseByToken(tenant.ctx(), { person: ADA.email, token, ...given })
    if (refusal === undefined) expect(await erasing).toBeUndefined()
    else await expect(erasing).rejects.toThrow(refusal)
    expect(await textOf(tenant)).toMatch(IDENTIFIERS)
  })

  it('is refused to another actor, and after an hour', async () => {
    const tenant = await filled()
    const { confirm_token: token } = await privacy.requestErasure(tenant.ctx(), { person: ADA.email })
    const other = { ...tenant.ctx(), actor: { kind: 'key', id: 'key_other', name: 'other' } } as const
    await expect(eraseByToken(other, { person: ADA.email, token })).rejects.toMatchObject({ kind: 'not_found' })
    const later = tenant.ctx({ clock: () => new Date(TEST_NOW.getTime() + 3_600_000) })
    await expect(eraseByToken(later, { person: ADA.email, token })).rejects.toThrow('has expired')
    expect(await textOf(tenant)).toMatch(IDENTIFIERS)
  })

  it('is refused once anything else would be erased, and its preview, once it is shown again, is not', async () => {
    const tenant = await filled()
    const { confirm_token: token } = await privacy.requestErasure(tenant.ctx(), { person: ADA.email })
    await database.owner.query(
      `insert into customers.contacts (tenant_id, contact_id, client_id, email) values ($1, 'late', 'acme', $2)`,
      [tenant.tenantId, ADA.email],
    )
    await expect(eraseByToken(tenant.ctx(), { person: ADA.email, token })).rejects.toMatchObject({
      kind: 'conflict',
      code: 'CONFIRMATION_REFUSED',
      message: expect.stringContaining('out of date'),
    })
    expect(await textOf(tenant)).toMatch(IDENTIFIERS)
    const again = await privacy.requestErasure(tenant.ctx(), { person: ADA.email })
    expect(await eraseByToken(tenant.ctx(), { person: ADA.email, token: again.confirm_token })).toBeDefined()
    expect(await textOf(tenant)).not.toMatch(IDENTIFIERS)
  })

  it('leaves its audit rows, which name nobody', async () => {
    const tenant = await filled()
    const { confirm_token: token } = await privacy.requestErasure(tenant.ctx(), { person: ADA.email })
    await eraseByToken(tenant.ctx(), { person: ADA.email, token })
    const { rows } = await database.owner.query<{ action: string }>(
      'select action from audit.events where tenant_id = $1 order by action',
      [tenant.tenantId],
    )
    expect(rows.map(({ action }) => action)).toEqual([
      ...['privacy.complete-erasure', 'privacy.confirm-erasure', 'privacy.erase', 'privacy.preview-erasure'],
    ])
  })

  it('of a person whose e-mail comes back is reported, once', async () => {
    const tenant = await filled()
    const { confirm_token: token } = await privacy.requestErasure(tenant.ctx(), { person: ADA.email })
    expect(await tenantsWithSuppressions(database.system)).not.toContain(tenant.tenantId)
    await eraseByToken(tenant.ctx(), { person: ADA.email, token })
    expect(await privacy.reportReturned(tenant.ctx())).toBe(0)
    expect(await tenantsWithSuppressions(database.system)).toContain(tenant.tenantId)
    await database.owner.query(
      `insert into customers.contacts (tenant_id, contact_id, client_id, email) values ($1, 'new', 'acme', 'Ada@example.com')`,
      [tenant.tenantId],
    )
    expect(await privacy.reportReturned(tenant.ctx())).toBe(1)
    expect(await privacy.reportReturned(tenant.ctx())).toBe(0)
  })
})

describe('an export', () => {
  it('holds what every holder knows, with a readme that counts it', async () => {
    const tenant = await filled()
    const archive = await privacy.exportPerson(tenant.ctx(), { person: 'contact:cnt_u-ada' })
    expect(archive.readme.person.emails).toEqual(['ada@example.com'])
    for (const { name, rows } of archive.readme.holders) expect(archive.data[name]).toHaveLength(rows)
    expect(archive.data['customers.tickets']).toContainEqual(
      expect.objectContaining({ relation: 'own', requester_email: 'ada@example.com' }),
    )
  })

  it('of nobody is empty, and of another tenant’s person too', async () => {
    const tenant = await filled()
    const empty = await testTenant(database)
    const { readme } = await privacy.exportPerson(empty.ctx(), { person: ADA.email })
    expect(readme.holders.filter(({ rows }) => rows > 0)).toEqual([])
    expect(readme.person).toMatchObject({ emails: ['ada@example.com'], names: [] })
    expect(tenant.tenantId).not.toBe(empty.tenantId)
  })

  it.each(['ada', '12', '@', 'Ada Lovelace'])('of %j is refused, with an example', async (person) => {
    const tenant = await testTenant(database)
    await expect(privacy.exportPerson(tenant.ctx(), { person })).rejects.toMatchObject({
      problems: [{ path: 'person', example: 'ada@example.com' }],
    })
  })
})

/** Previews and carries out an erasure like the command line. */
async function eraseByToken(ctx: Ctx, given: { readonly person: string; readonly token: string }) {
  const request_id = await privacy.confirmByToken(ctx, given)
  return request_id === undefined ? undefined : privacy.carryOutErasure(ctx, { request_id })
}

async function filled(): Promise<TestTenant> {
  const tenant = await testTenant(database)
  await addCustomers(database, tenant.tenantId, [{ clientId: 'acme', name: 'Acme' }])
  await addPerson(database, tenant.tenantId, 'acme', ADA, `Eve asked ${ADA.name} <${ADA.email}> at ${ADA.phone}`)
  await database.owner.query(
    `insert into kernel.idempotency_keys (tenant_id, action, key, request_hash, result, created_at)
     values ($1, 'a', 'k', '', $2, now())`,
    [tenant.tenantId, JSON.stringify({ contact: { email: ADA.email } })],
  )
  return tenant
}

/** Every row of the tenant in every table. */
async function textOf({ tenantId }: TestTenant): Promise<string> {
  const tables = await database.owner.query<{ name: string }>(
    `select a.attrelid::regclass::text as name from pg_attribute a join pg_class c on c.oid = a.attrelid
     where a.attname = 'tenant_id' and not a.attisdropped and c.relkind in ('r', 'p') and not c.relispartition
     order by 1`,
  )
  const texts = []
  for (const { name } of tables.rows) {
    const { rows } = await database.owner.query<{ text: string | null }>(
      `select string_agg(t::text, '|') as text from ${name} t where tenant_id = $1`,
      [tenantId],
    )
    texts.push(rows[0]?.text ?? '')
  }
  return texts.join('\n')
}
