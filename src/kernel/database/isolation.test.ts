import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'
import { testDatabase } from '../../../test/support/database.ts'
import { testTenant } from '../../../test/support/tenant.ts'

describe('row-level security', async () => {
  const database = await testDatabase()
  await database.owner.query(`
    create schema probe;
    create table probe.notes (tenant_id text not null, id int, primary key (tenant_id, id));
    create table probe.parted (tenant_id text not null, at date not null, primary key (tenant_id, at)) partition by range (at);
    create table probe.parted_2026 partition of probe.parted for values from ('2026-01-01') to ('2027-01-01');
    create table probe.later (tenant_id text not null, at date not null, primary key (tenant_id, at));
    select kernel.isolate_tenant('probe.notes');
    select kernel.isolate_tenant('probe.parted');
  `)
  const mine = (await testTenant(database)).ctx()
  const theirs = (await testTenant(database)).ctx()
  await sql`insert into probe.notes values (${mine.tenantId}, 1)`.execute(mine.db)
  await sql`insert into probe.notes values (${theirs.tenantId}, 1)`.execute(theirs.db)

  it('shows a statement that forgets the tenant only the rows of its own', async () => {
    const { rows } = await sql`select tenant_id from probe.notes`.execute(mine.db)
    expect(rows).toEqual([{ tenant_id: mine.tenantId }])
  })

  it('lets no statement change, remove or claim a row of another tenant', async () => {
    const updated = await sql`update probe.notes set id = 2 where tenant_id = ${theirs.tenantId}`.execute(mine.db)
    const deleted = await sql`delete from probe.notes where tenant_id = ${theirs.tenantId}`.execute(mine.db)
    expect([updated.numAffectedRows, deleted.numAffectedRows]).toEqual([0n, 0n])
    const insert = sql`insert into probe.notes values (${theirs.tenantId}, 9)`.execute(mine.db)
    await expect(insert).rejects.toThrow(/row-level security/)
    const give = sql`update probe.notes set tenant_id = ${theirs.tenantId}`.execute(mine.db)
    await expect(give).rejects.toThrow(/row-level security/)
  })

  it('shows the system role every tenant', async () => {
    const { rows } = await sql`select tenant_id from probe.notes`.execute(database.system)
    expect(rows).toHaveLength(2)
  })

  it('holds for a partitioned table, whose partitions cannot be reached by name', async () => {
    await sql`insert into probe.parted values (${theirs.tenantId}, '2026-05-05')`.execute(theirs.db)
    expect((await sql`select * from probe.parted`.execute(mine.db)).rows).toEqual([])
    await expect(sql`select * from probe.parted_2026`.execute(theirs.db)).rejects.toThrow(/permission denied/)
  })

  it('is refused to a table without a tenant', async () => {
    await database.owner.query('create table probe.bare (id int)')
    const isolate = database.owner.query("select kernel.isolate_tenant('probe.bare')")
    await expect(isolate).rejects.toThrow(/probe.bare has no tenant_id/)
  })

  it('is on for every table that has a tenant, and forced on its owner too', async () => {
    const { rows } = await database.owner.query<{ table: string; safe: boolean }>(`
      select c.oid::regclass::text as table, c.relrowsecurity and c.relforcerowsecurity as safe
      from pg_class as c join pg_attribute as a on a.attrelid = c.oid and a.attname = 'tenant_id'
      where c.relkind in ('r', 'p') and c.oid::regclass::text <> 'probe.later'`)
    expect(rows.length).toBeGreaterThan(5)
    expect(rows.filter(({ safe }) => !safe)).toEqual([])
  })

  it('leaves audit rows as they were written, even for the system role', async () => {
    for (const db of [mine.db, database.system]) {
      await expect(sql`update audit.events set action = 'x'`.execute(db)).rejects.toThrow(/permission denied/)
    }
    await expect(sql`delete from audit.events`.execute(mine.db)).rejects.toThrow(/permission denied/)
  })
})
