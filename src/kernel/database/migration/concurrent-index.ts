import type pg from 'pg'
import { Failure } from '../../failure.ts'

/** A statement that runs outside a transaction. */
export type ConcurrentIndex =
  | {
      readonly kind: 'create'
      readonly unique: boolean
      readonly name: string
      readonly schema: string
      readonly table: string
      /** From the columns on. */
      readonly definition: string
    }
  | { readonly kind: 'drop'; readonly schema: string; readonly name: string }

const CREATE = /^create (unique )?index concurrently (\w+) on (\w+)\.(\w+) (.+)$/
const DROP = /^drop index concurrently if exists (\w+)\.(\w+)$/
const IDENTIFIER_BYTES_MAX = 63
const LOCK_TIMEOUT = '5s'

/** Reads one; undefined for any other statement. */
export function parseConcurrentIndex(statement: string): ConcurrentIndex | undefined {
  const text = statement.trim().replaceAll(/\s+/g, ' ')
  const [, unique, index = '', schema = '', table = '', definition = ''] = CREATE.exec(text) ?? []
  if (index !== '') return { kind: 'create', unique: unique !== undefined, name: index, schema, table, definition }
  const [, dropSchema = '', name = ''] = DROP.exec(text) ?? []
  return name === '' ? undefined : { kind: 'drop', schema: dropSchema, name }
}

/**
 * Builds or drops an index while others write. May be run again after it failed anywhere: an invalid index that a failed
 * build left is dropped and built anew, and a valid one is left as it is. On a partitioned table, where PostgreSQL builds
 * none concurrently, it is built on each partition and attached.
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

  // Empty and invalid until every partition has its part. A partition that is made from now on gets it by itself.
  await withLockTimeout(client, create(`if not exists ${name}`, `only ${schema}.${table}`))
  for (const partition of await partitionsWithout(client, schema, { table, index: name })) {
    const part = `${partition}_${name}`
    if (Buffer.byteLength(part) > IDENTIFIER_BYTES_MAX)
      throw new Failure('invalid', `The index ${part} of a partition would have a name of more than 63 bytes.`)
    await build(part, partition)
    await withLockTimeout(client, `alter index ${schema}.${name} attach partition ${schema}.${part}`)
  }
}

/** PostgreSQL drops no partitioned index concurrently; all it takes is a short lock. */
async function drop(client: pg.PoolClient, { schema, name }: { schema: string; name: string }): Promise<void> {
  if ((await kindOf(client, schema, name))?.kind === 'I') await withLockTimeout(client, `drop index ${schema}.${name}`)
  else await client.query(`drop index concurrently if exists ${schema}.${name}`)
}

/** Others wait behind whoever waits for such a lock. Behind a concurrent build nobody does. */
async function withLockTimeout(client: pg.PoolClient, text: string): Promise<void> {
  await client.query(`set lock_timeout = '${LOCK_TIMEOUT}'`)
  try {
    await client.query(text)
  } finally {
    await client.query('reset lock_timeout')
  }
}

/** `p`: a partitioned table; `I`: an index of one. `valid` is null for what is no index. */
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
