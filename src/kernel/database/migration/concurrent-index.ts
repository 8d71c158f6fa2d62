import type pg from 'pg'
import { Failure } from '../../failure.ts'

/** A concurrent index statement, which runs outside a transaction. */
export type ConcurrentIndex =
  | {
      readonly kind: 'create'
      readonly unique: boolean
      readonly name: string
      readonly schema: string
      readonly table: string
      /** The statement from the columns on. */
      readonly definition: string
    }
  | { readonly kind: 'drop'; readonly schema: string; readonly name: string }

const CREATE = /^create (unique )?index concurrently (\w+) on (\w+)\.(\w+) (.+)$/
const DROP = /^drop index concurrently if exists (\w+)\.(\w+)$/
const IDENTIFIER_BYTES_MAX = 63
const LOCK_TIMEOUT = '5s'

/** Parses a statement; undefined for any other kind. */
export function parseConcurrentIndex(statement: string): ConcurrentIndex | undefined {
  const text = statement.trim().replaceAll(/\s+/g, ' ')
  const [, unique, index = '', schema = '', table = '', definition = ''] = CREATE.exec(text) ?? []
  if (index !== '') return { kind: 'create', unique: unique !== undefined, name: index, schema, table, definition }
  const [, dropSchema = '', name = ''] = DROP.exec(text) ?? []
  return name === '' ? undefined : { kind: 'drop', schema: dropSchema, name }
}

/**
 * Builds or drops an index without blocking writes. Can be run again after any failure: an invalid index left by a
 * failed build is dropped and rebuilt, a valid one is kept. On a partitioned table, for which PostgreSQL supports no
 * concurrent build, it is built on each partition and attached.
 */
export async function applyConcurrentIndex(client: pg.PoolClient, index: ConcurrentIndex): Promise<void> {
  if (index.kind === 'drop') return drop(client, index)
  const { unique, name, schema, table, definition } = index
  const create = (how: string, at: string) => `create ${unique ? 'unique ' : ''}index ${how} on ${at} ${definition}`
  const build = async (indexName: string, on: string) => {
    if ((await kindOf(client, schema, indexName))?.valid === false)
      await client.query(`drop index concurrently ${schema}.${indexName}`)
    await client.query(create(`concurrently if not exists ${indexName}`, `${schema}.${on}`))
  }
  if ((await kindOf(client, schema, table))?.kind !== 'p') return build(name, table)

  // Invalid until every partition has its index attached. Partitions created from now on get it automatically.
  await withLockTimeout(client, create(`if not exists ${name}`, `only ${schema}.${table}`))
  for (const partition of await partitionsWithout(client, schema, { table, index: name })) {
    const part = `${partition}_${name}`
    if (Buffer.byteLength(part) > IDENTIFIER_BYTES_MAX)
      throw new Failure(
        'invalid',
        `The index name ${part} of a partition has more than 63 bytes. Choose a shorter index name.`,
      )
    await build(part, partition)
    await withLockTimeout(client, `alter index ${schema}.${name} attach partition ${schema}.${part}`)
  }
}

/** A partitioned index cannot be dropped concurrently; it needs only a short lock. */
async function drop(client: pg.PoolClient, { schema, name }: { schema: string; name: string }): Promise<void> {
  if ((await kindOf(client, schema, name))?.kind === 'I') await withLockTimeout(client, `drop index ${schema}.${name}`)
  else await client.query(`drop index concurrently if exists ${schema}.${name}`)
}

/**
 * With a lock timeout, because other statements queue behind one that waits for such a lock; a concurrent build needs
 * none.
 */
async function withLockTimeout(client: pg.PoolClient, text: string): Promise<void> {
  await client.query(`set lock_timeout = '${LOCK_TIMEOUT}'`)
  try {
    await client.query(text)
  } finally {
    await client.query('reset lock_timeout')
  }
}

/** `p`: a partitioned table; `I`: a partitioned index. `valid` is null for tables. */
async function kindOf(client: pg.PoolClient, schema: string, name: string) {
  const { rows } = await client.query<{ kind: string; valid: boolean | null }>(
    `select relkind as kind, indisvalid as valid from pg_class left join pg_index on indexrelid = pg_class.oid
     where pg_class.oid = to_regclass($1)`,
    [`${schema}.${name}`],
  )
  return rows[0]
}

async function partitionsWithout(
  client: pg.PoolClient,
  schema: string,
  { table, index }: { readonly table: string; readonly index: string },
): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select relname as name from pg_inherits join pg_class on pg_class.oid = inhrelid
     where inhparent = $1::regclass and not exists (
       select from pg_inherits attached join pg_index on indexrelid = attached.inhrelid
       where attached.inhparent = $2::regclass and indrelid = pg_class.oid)
     order by relname`,
    [`${schema}.${table}`, `${schema}.${index}`],
  )
  return rows.map(({ name }) => name)
}
