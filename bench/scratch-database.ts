import path from 'node:path'
import pg from 'pg'
import { pino } from 'pino'
import { startEmbeddedPostgres } from '#kernel/database/embedded'
import { openMigrations } from '#kernel/database/migrate'

/** A migrated PostgreSQL of the benchmark's own, set up as `npm start` sets it up. */
export interface ScratchDatabase {
  readonly url: string
  /** As the superuser, whom row-level security does not bind: for data and for the plain `pg` side. */
  readonly pool: pg.Pool
  /** Resident memory of the server's processes together is the caller's affair; this is the version. */
  readonly version: string
  close(): Promise<void>
}

export async function openScratchDatabase(scratchDir: string): Promise<ScratchDatabase> {
  const server = await startEmbeddedPostgres({ dataDir: path.join(scratchDir, 'data'), log: pino({ level: 'silent' }) })
  const pool = new pg.Pool({ connectionString: server.url, max: 4 })
  await openMigrations(pool, path.join(import.meta.dirname, '..', 'migrations')).up()
  const { rows } = await pool.query<{ version: string }>(`select current_setting('server_version') as version`)
  return {
    url: server.url,
    pool,
    version: rows[0]?.version ?? 'unknown',
    close: async () => {
      await pool.end()
      await server.stop()
    },
  }
}
