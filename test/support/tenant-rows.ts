import type { TestDatabase } from './database.ts'

/** Tables left out: audited reads and refusals are written up to a second late. */
const NOTED: readonly string[] = ['audit.%']

/** A digest per table of all rows of a tenant; with `userId`, only of that person. */
export async function tenantRows(
  database: TestDatabase,
  tenantId: string,
  except: readonly string[] = NOTED,
  userId?: string,
): Promise<Readonly<Record<string, string>>> {
  const tables = await database.owner.query<{ name: string }>(
    `select a.attrelid::regclass::text as name from pg_attribute a join pg_class c on c.oid = a.attrelid
     where a.attname = 'tenant_id' and not a.attisdropped and c.relkind in ('r', 'p') and not c.relispartition
       and c.relnamespace not in ('jobs'::regnamespace) and a.attrelid::regclass::text not like all ($1)
       and ($2::text is null or exists (select from pg_attribute u where u.attrelid = a.attrelid and u.attname = 'user_id'))
     order by 1`,
    [except, userId ?? null],
  )
  if (tables.rows.length < (userId === undefined ? 15 : 1)) throw new Error('there are tables to compare')
  const digests = tables.rows.map(async ({ name }) => {
    const sql = `select coalesce(md5(string_agg(t::text, '|' order by t::text)), '') as digest from ${name} t where tenant_id = $1${userId === undefined ? '' : ' and user_id = $2'}`
    const { rows } = await database.owner.query<{ digest: string }>(sql, [
      tenantId,
      ...(userId === undefined ? [] : [userId]),
    ])
    return [name, rows[0]?.digest ?? ''] as const
  })
  return Object.fromEntries(await Promise.all(digests))
}
