import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { pino } from 'pino'
import type { TestProject } from 'vitest/node'
import { startEmbeddedPostgres } from '#kernel/database/embedded'
import { openMigrations } from '#kernel/database/migrate'
import { openJobQueue } from '#kernel/jobs/job-queue'

declare module 'vitest' {
  interface ProvidedContext {
    /** The URL of the server's default database for the superuser. */
    databaseServerUrl: string
    /** A migrated database to clone. */
    databaseTemplate: string
  }
}

/** Settings without durability, for speed: the databases are temporary. */
const THROWAWAY = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  shared_buffers: '64MB',
  max_connections: '300',
}

const log = pino({ level: 'warn' })

/** Starts one PostgreSQL for the test run (or uses TEST_DATABASE_URL) and migrates a template once. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const server = await openServer(process.env['TEST_DATABASE_URL'])
  const template = `plimsoll_template_${randomBytes(4).toString('hex')}`
  try {
    await onServer(server.url, `create database ${template}`)
    await migrate(databaseUrl(server.url, template))
  } catch (error) {
    await server.stop()
    throw error
  }
  project.provide('databaseServerUrl', server.url)
  project.provide('databaseTemplate', template)
  return async () => {
    await onServer(server.url, `drop database if exists ${template} with (force)`)
    await server.stop()
  }
}

async function openServer(url: string | undefined): Promise<{ url: string; stop(): Promise<void> }> {
  if (url !== undefined) return { url, stop: () => Promise.resolve() }
  const folder = await mkdtemp(path.join(tmpdir(), 'plimsoll-test-'))
  const server = await startEmbeddedPostgres({ dataDir: folder, log, settings: THROWAWAY })
  return {
    url: server.url,
    stop: async () => {
      await server.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function migrate(url: string): Promise<void> {
  const owner = new pg.Pool({ connectionString: url, max: 4 })
  try {
    await openMigrations(owner, path.resolve(import.meta.dirname, '../../migrations')).up()
    const queue = await openJobQueue({ owner, log, work: false })
    await queue.close(1)
  } finally {
    await owner.end()
  }
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

function databaseUrl(serverUrl: string, database: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${database}`
  return url.href
}
