import path from 'node:path'
import pg from 'pg'
import { pino } from 'pino'
import { startEmbeddedPostgres } from '#kernel/database/embedded'
import { openMigrations } from '#kernel/database/migrate'

/** A migrated embedded PostgreSQL for one benchmark, set up like that of `npm start`. */
export interface ScratchDatabase {
  readonly url: string
  /** Connections of the superuser, who bypasses row-level security. */
  readonly pool: pg.Pool
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
