import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { TestDatabase } from './database.ts'

const run = promisify(execFile)
const BYTES_MAX = 256 * 1024 * 1024

/** The whole database as text: by `pg_dump` if one of the server's version is installed, else by COPY. */
export async function dumpOf(database: TestDatabase): Promise<string> {
  const dumped = await run('pg_dump', ['--data-only', '--dbname', database.url], { maxBuffer: BYTES_MAX }).catch(
    () => undefined,
  )
  return dumped === undefined ? copyOf(database) : dumped.stdout
}

/** Every table outside the system schemas. */
async function copyOf({ owner }: TestDatabase): Promise<string> {
  const { rows: tables } = await owner.query<{ name: string }>(
    `select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_toast'
     order by 1`,
  )
  if (tables.length < 30) throw new Error(`only ${tables.length} tables were found to dump`)
  const lines: string[] = []
  for (const { name } of tables) {
    const { rows } = await owner.query<{ line: string }>(`select t::text as line from ${name} t`)
    lines.push(name, ...rows.map(({ line }) => line))
  }
  return lines.join('\n')
}
