import { sql } from 'kysely'
import pg from 'pg'
import { afterAll, describe, expect, it, onTestFinished } from 'vitest'
import { writeAudit } from '#kernel/audit'
import { DatabaseSettings } from '#kernel/config/database'
import { openDatabase } from '#kernel/database/pool'
import { createKeyring } from '#kernel/crypto/keyring'
import { autocommit, transact } from '#kernel/database/transact'
import { quiet, testDatabase } from '../../../test/support/database.ts'
import { TEST_NOW, TEST_ROOT_KEY, testTenant } from '../../../test/support/tenant.ts'
import type { TestTenant } from '../../../test/support/tenant.ts'
import { exportChain } from './export.ts'
import { sealer } from './seal.ts'
import { verifyLines } from './verify/verify-lines.ts'

const database = await testDatabase()
const keyring = createKeyring([TEST_ROOT_KEY])
const needs = { db: database.system, keyring, clock: () => TEST_NOW }
const seals = sealer(needs)
const verified = (tenant: TestTenant) =>
  verifyLines(exportChain({ db: database.forTenant(tenant.tenantId), tenantId: tenant.tenantId }, {}, TEST_NOW))

const write = (tenant: TestTenant, subject: string) =>
  writeAudit(autocommit(tenant.ctx()), { action: 'test.write', subject, after: { note: `${subject} é`, n: 1.5 } })

describe('the sealer', () => {
  it('closes what was committed into blocks that follow each other', async () => {
    const tenant = await testTenant(database)
    await write(tenant, 'a')
    await write(tenant, 'b')
    expect(await seals.seal(tenant.tenantId)).toBe(2)
    await write(tenant, 'c')
    expect(await seals.seal(tenant.tenantId)).toBe(1)
    expect(await seals.seal(tenant.tenantId)).toBe(0)
    expect(await verified(tenant)).toMatchObject({ ok: true, blocks: 2, events: 3, head: { number: 2 }, problems: [] })
  })

  it('seals an event that was committed after later ones, in the block after', async () => {
    const tenant = await testTenant(database)
    const ctx = tenant.ctx()
    const { promise: written, resolve: isWritten } = Promise.withResolvers<void>()
    const { promise: mayCommit, resolve: commit } = Promise.withResolvers<void>()
    const slow = transact(ctx.db, async (tx) => {
      await writeAudit({ ...ctx, db: tx }, { action: 'test.write', subject: 'slow' })
      isWritten()
      await mayCommit
    })
    await written
    await write(tenant, 'fast')
    expect(await seals.seal(tenant.tenantId)).toBe(1)
    commit()
    await slow
    expect(await seals.seal(tenant.tenantId)).toBe(1)
    expect(await verified(tenant)).toMatchObject({ ok: true, blocks: 2, events: 2 })
  })

  it('does not hold up writers while it seals', async () => {
    const tenant = await testTenant(database)
    await write(tenant, 'a')
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    await client.query('begin')
    await client.query(`select pg_advisory_xact_lock(hashtext('audit.chain'), hashtext($1))`, [tenant.tenantId])
    await write(tenant, 'b')
    expect(await seals.sealAll()).toBeGreaterThanOrEqual(0)
    expect(await verified(tenant)).toMatchObject({ blocks: 0 })
    await client.query('commit')
    await client.end()
    expect(await seals.seal(tenant.tenantId)).toBe(2)
  })

  it('makes one chain without a fork when many seal the same tenant at once, and writers go on', async () => {
    const tenant = await testTenant(database)
    const others = Array.from({ length: 3 }, () => anotherSealer())
    let isWriting = true
    const writers = Promise.all(
      Array.from({ length: 4 }, async (_, writer) => {
        for (let n = 0; n < 50; n++) await write(tenant, `w${writer}-${n}`)
      }),
    ).finally(() => (isWriting = false))
    const sealAway = async (each: { seal(tenantId: string): Promise<number>; sealAll(): Promise<number> }) => {
      while (isWriting) await Promise.all([each.seal(tenant.tenantId), each.sealAll()])
    }
    await Promise.all([writers, ...[seals, ...others].map(sealAway)])
    await seals.seal(tenant.tenantId)
    const report = await verified(tenant)
    expect(report).toMatchObject({ ok: true, events: 200 })
    expect(report.blocks).toBeGreaterThan(3)
  })

  it('makes one chain a tenant when many sealers seal many tenants at once', { timeout: 60_000 }, async () => {
    const tenants = await Promise.all(Array.from({ length: 40 }, () => testTenant(database)))
    const all = [seals, anotherSealer(), anotherSealer()]
    for (let round = 0; round < 3; round++) {
      await Promise.all(tenants.map((tenant) => write(tenant, `round ${round}`)))
      await Promise.all(all.map((each) => each.sealAll()))
    }
    await seals.sealAll()
    for (const tenant of tenants) expect(await verified(tenant)).toMatchObject({ ok: true, events: 3, problems: [] })
  })

  it('seals the others when one tenant’s events cannot be, and says so', async () => {
    const tenants = await Promise.all(Array.from({ length: 5 }, () => testTenant(database)))
    const [broken, ...others] = tenants
    for (const tenant of tenants) await write(tenant, 'a')
    const constraint = `check (tenant_id <> '${broken?.tenantId}')`
    await database.owner.query(`alter table audit.blocks add constraint refused ${constraint}`)
    onTestFinished(() => void database.owner.query('alter table audit.blocks drop constraint if exists refused'))
    await expect(seals.sealAll()).rejects.toThrow('The events of some tenants could not be sealed.')
    for (const tenant of others) expect(await verified(tenant)).toMatchObject({ ok: true, blocks: 1, events: 1 })
    await database.owner.query('alter table audit.blocks drop constraint refused')
    expect(await seals.sealAll()).toBe(1)
  })

  it('gives every tenant a block before one that has more than a block holds gets its second', async () => {
    const [busy, other] = await Promise.all([testTenant(database), testTenant(database)])
    await seals.sealAll()
    for (const subject of ['a', 'b', 'c', 'd', 'e']) await write(busy, subject)
    await write(other, 'f')
    const stopping = new AbortController()
    let blocks = 0
    const clock = () => {
      if (++blocks === 2) stopping.abort()
      return TEST_NOW
    }
    expect(await sealer({ ...needs, clock, blockEventsMax: 2 }).sealAll(stopping.signal)).toBe(3)
    expect(await verified(other)).toMatchObject({ blocks: 1, events: 1 })
    await seals.sealAll()
  })

  it('keeps a block to its size', async () => {
    const tenant = await testTenant(database)
    for (const subject of ['a', 'b', 'c', 'd', 'e']) await write(tenant, subject)
    expect(await sealer({ ...needs, blockEventsMax: 2 }).seal(tenant.tenantId)).toBe(5)
    expect(await verified(tenant)).toMatchObject({ ok: true, blocks: 3, events: 5 })
  })

  it('stops after the block at hand when it is told to, and the rest is sealed later', async () => {
    const tenant = await testTenant(database)
    for (const subject of ['a', 'b', 'c', 'd', 'e']) await write(tenant, subject)
    const stopping = new AbortController()
    const clock = () => {
      stopping.abort()
      return TEST_NOW
    }
    const sealed = await sealer({ ...needs, clock, blockEventsMax: 2 }).sealAll(stopping.signal)
    expect([1, 2]).toContain(sealed)
    await seals.sealAll()
    expect(await verified(tenant)).toMatchObject({ ok: true, events: 5 })
  })

  it('keeps one tenant’s chain apart from another’s', async () => {
    const [tenant, other] = await Promise.all([testTenant(database), testTenant(database)])
    await write(tenant, 'a')
    await write(other, 'b')
    await seals.sealAll()
    const foreign = exportChain({ db: database.forTenant(tenant.tenantId), tenantId: other.tenantId }, {}, TEST_NOW)
    expect(await verifyLines(foreign)).toMatchObject({ blocks: 0, events: 0 })
  })

  it('signs with the key of the moment, and the chain holds over a rotation', async () => {
    const tenant = await testTenant(database)
    const rotating = createKeyring([TEST_ROOT_KEY])
    const rotated = sealer({ ...needs, keyring: rotating })
    await write(tenant, 'a')
    await rotated.seal(tenant.tenantId)
    rotating.replace([Buffer.alloc(32, 'another root key'), TEST_ROOT_KEY])
    await write(tenant, 'b')
    await rotated.seal(tenant.tenantId)
    const report = await verified(tenant)
    expect(report).toMatchObject({ ok: true, signers: [{ fromBlock: 1 }, { fromBlock: 2 }] })
    const [first] = report.signers
    const strict = await verifyLines(exportChain(tenant.ctx(), {}, TEST_NOW), {
      signers: [first?.fingerprint ?? ''],
    })
    expect(strict.problems).toMatchObject([{ kind: 'unknown_signer', block: 2 }])
  })
})

describe('the database', () => {
  it('lets neither role change or remove what was written and sealed', async () => {
    const tenant = await testTenant(database)
    await write(tenant, 'a')
    await seals.seal(tenant.tenantId)
    for (const role of ['plimsoll_app', 'plimsoll_system']) {
      const client = new pg.Client({
        connectionString: database.url,
        options: `-c role=${role} -c app.tenant_id=${tenant.tenantId}`,
      })
      await client.connect()
      for (const statement of [
        `update audit.events set action = 'x'`,
        `update audit.blocks set hash = 'x'`,
        `delete from audit.blocks`,
        `update audit.block_events set number = 2`,
        `delete from audit.person_keys`,
        `update audit.unsealed set event_id = 'x'`,
        ...(role === 'plimsoll_app'
          ? [
              'delete from audit.events',
              'delete from audit.unsealed',
              `insert into audit.blocks select * from audit.blocks`,
            ]
          : []),
      ]) {
        await expect(client.query(statement), `${role}: ${statement}`).rejects.toThrow(/permission denied/)
      }
      await client.end()
    }
    // The database role of retention cannot see rows younger than a month.
    expect(await sql`delete from audit.events`.execute(database.system)).toMatchObject({ numAffectedRows: 0n })
    expect(await sql`delete from audit.block_events`.execute(database.system)).toMatchObject({ numAffectedRows: 0n })
    expect(await verified(tenant)).toMatchObject({ ok: true, events: 1 })
  })
})

const pools: { close(): Promise<void> }[] = []
afterAll(async () => void (await Promise.all(pools.map((pool) => pool.close()))))

/** A sealer with connections of its own, like another process. */
function anotherSealer() {
  const settings = DatabaseSettings.parse({})
  const own = openDatabase({ url: database.url, settings, log: quiet, observe: { started: () => () => undefined } })
  pools.push(own)
  return sealer({ ...needs, db: own.system, blockEventsMax: 7 })
}
