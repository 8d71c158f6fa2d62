import { access, constants, mkdir, realpath, statfs } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import type { Logger } from 'pino'
import { Failure } from '../failure.ts'
import { clusterFiles, EMBEDDED_NAME, ensureCluster, readText } from './embedded/cluster.ts'
import { lockDataDir } from './embedded/owner-lock.ts'
import { keepRunning } from './embedded/keep-running.ts'
import { type Endpoint, findRunning, launch, type Postmaster } from './embedded/postmaster.ts'
import { isRunning } from './embedded/process-identity.ts'
import { runnableBy } from './embedded/program-copy.ts'
import { findPrograms, makeExecutable } from './embedded/programs.ts'
import { runAs } from './embedded/system-user.ts'

/** A running embedded PostgreSQL, with the URL of its superuser. */
export interface EmbeddedPostgres {
  readonly url: string
  /** Stops the server and releases the folder. Safe to call twice. */
  stop(): Promise<void>
}

export interface EmbeddedPostgresOptions {
  readonly dataDir: string
  readonly log: Logger
  /** PostgreSQL settings that override the defaults, e.g. `{ fsync: 'off' }` for a throw-away database. */
  readonly settings?: Readonly<Record<string, string>>
}

const ANSWER_SECONDS = 120
const POLL_MILLISECONDS = 20
const BYTES_MIN = 200 * 1024 * 1024
const DEFAULT_SETTINGS = {
  max_connections: '200',
  shared_buffers: '128MB',
  // Imports write in bursts: checkpoint by size rather than every few seconds.
  max_wal_size: '2GB',
  // Plimsoll logs failed statements itself, without their values.
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_checkpoints: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
}

/**
 * Starts PostgreSQL 18 on `<dataDir>/postgres`, which is created on first use. It listens on a socket in that folder
 * or, where the path is too long for one, on a free loopback port. A server left running by a killed process is
 * adopted; a crashed one recovers, also later while this process runs. Only one process may own the folder: a second
 * gets `Failure('conflict')` that names the first.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const dataDir = await prepareFolder(options.dataDir)
  const owner = await lockDataDir(dataDir)
  try {
    const { postmaster, url } = await startOrAdopt(dataDir, options)
    const startAgain = async ({ endpoint }: Postmaster) => (await startOrAdopt(dataDir, options, endpoint)).postmaster
    const running = keepRunning(postmaster, startAgain, options.log)
    const end = async () => {
      try {
        await running.stop()
      } finally {
        await owner.release()
      }
    }
    let stopping: Promise<void> | undefined
    const stop = () => {
      stopping ??= end()
      return stopping
    }
    return { url, stop }
  } catch (error) {
    await owner.release()
    throw error
  }
}

/**
 * As `startEmbeddedPostgres`, but if another process owns the folder, uses its running server and leaves it running.
 * For commands beside a server.
 */
export async function joinEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  try {
    return await startEmbeddedPostgres(options)
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'DATA_DIR_IN_USE') throw error
    const files = clusterFiles(await realpath(options.dataDir))
    const running = await findRunning(files)
    const password = await readText(files.password)
    if (!running || password === undefined) throw error
    return { url: urlOf(running.endpoint, password.trim()), stop: async () => undefined }
  }
}

async function startOrAdopt(
  dataDir: string,
  { log, settings }: EmbeddedPostgresOptions,
  endpoint?: Endpoint,
): Promise<{ postmaster: Postmaster; url: string }> {
  const files = clusterFiles(dataDir)
  const as = await runAs()
  const installed = await findPrograms()
  await Promise.all([makeExecutable(installed.initdb), makeExecutable(installed.postgres)])
  const programs = as.owner ? await runnableBy(as.owner, installed) : installed
  const password = await ensureCluster(files, programs.initdb, as)
  const found = await findRunning(files)
  if (found && (await answers(found, password))) {
    log.info({ pid: found.process.pid }, 'adopted the embedded PostgreSQL that a killed process left running')
    return { postmaster: found, url: urlOf(found.endpoint, password) }
  }
  const postmaster = await launch(files, programs.postgres, as, { ...DEFAULT_SETTINGS, ...settings }, endpoint)
  if (await answers(postmaster, password)) return { postmaster, url: urlOf(postmaster.endpoint, password) }
  throw new Failure('unavailable', `The embedded PostgreSQL exited right after its start (see ${files.log}).`)
}

/** Waits while the server starts or recovers. Resolves with false when it exited. */
async function answers(postmaster: Postmaster, password: string): Promise<boolean> {
  const until = performance.now() + ANSWER_SECONDS * 1000
  for (;;) {
    try {
      await ensureDatabase(postmaster.endpoint, password)
      return true
    } catch (error) {
      if (!(await isRunning(postmaster.process))) return false
      if (isNotReady(error) && performance.now() < until) {
        await wait(POLL_MILLISECONDS)
        continue
      }
      throw new Failure('unavailable', `The embedded PostgreSQL runs but refuses the connection: ${describe(error)}.`, {
        cause: error,
      })
    }
  }
}

/** Whether the server is starting, recovering or shutting down (57P03, 57P01), or is not listening. */
function isNotReady(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return /^(57P0[13]|ECONNREFUSED|ECONNRESET|ENOENT)$/.test(code)
}

/**
 * Creates and checks the folder; returns its real path, because one through a link would not match the path that the
 * running server reports.
 */
async function prepareFolder(dataDir: string): Promise<string> {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 })
    await access(dataDir, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    throw new Failure(
      'unavailable',
      `${dataDir} cannot be used: ${describe(error)}. Set DATA_DIR to a writable folder.`,
      {
        cause: error,
      },
    )
  }
  const { bavail, bsize } = await statfs(dataDir)
  if (bavail * bsize < BYTES_MIN) {
    throw new Failure('unavailable', `${dataDir} has less than 200 MB free, too little for the embedded PostgreSQL.`)
  }
  return realpath(dataDir)
}

async function ensureDatabase(endpoint: Endpoint, password: string): Promise<void> {
  const client = new pg.Client({ ...endpoint, user: EMBEDDED_NAME, password, database: 'postgres' })
  client.on('error', () => {
    // The failing call below reports it; without a listener it would crash the process.
  })
  try {
    await client.connect()
    const { rowCount } = await client.query('select 1 from pg_database where datname = $1', [EMBEDDED_NAME])
    if (rowCount === 0) await client.query(`create database ${EMBEDDED_NAME}`)
  } finally {
    await client.end().catch(() => undefined)
  }
}

function urlOf({ host, port }: Endpoint, password: string): string {
  const address = host.startsWith('/') ? 'localhost' : host
  const url = new URL(`postgresql://${EMBEDDED_NAME}:${password}@${address}:${port}/${EMBEDDED_NAME}`)
  if (host.startsWith('/')) url.searchParams.set('host', host)
  return url.href
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
