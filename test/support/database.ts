import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { pino } from 'pino'
import { afterAll, inject } from 'vitest'
import { DatabaseSettings } from '#kernel/config/database'
import { type Database, openDatabase } from '#kernel/database/pool'
import { type JobQueue, openJobQueue } from '#kernel/jobs/job-queue'

/** A migrated, empty database of a test file, and the services on it. */
export interface TestDatabase extends Database {
  /** The URL of this database for the superuser. */
  readonly url: string
  /** Enqueues; runs nothing. */
  readonly queue: JobQueue
}

/** A logger for errors only. */
export const quiet = pino({ level: process.env['TEST_LOG_LEVEL'] ?? 'silent' })

/**
 * Clones the migrated template; dropped after the test file (or the `describe` it is called in). Call it at the top:
 * `const database = await testDatabase()`.
 */
export async function testDatabase(settings: Readonly<Record<string, string>> = {}): Promise<TestDatabase> {
  const serverUrl = inject('databaseServerUrl')
  const name = `plimsoll_test_${randomBytes(6).toString('hex')}`
  await onServer(serverUrl, `create database ${name} template ${inject('databaseTemplate')}`)
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  const database = openDatabase({
    url: url.href,
    settings: DatabaseSettings.parse({ poolSize: 8, poolOverflow: 4, ...settings }),
    log: quiet,
    observe: { started: () => () => undefined },
    checked: true,
  })
  const queue = await openJobQueue({ owner: database.owner, log: quiet, work: false })
  afterAll(async () => {
    await queue.close(1)
    await database.close()
    await onServer(serverUrl, `drop database ${name} with (force)`)
  })
  return { ...database, url: url.href, queue }
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
