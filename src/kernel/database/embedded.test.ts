import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import pg from 'pg'
import { afterAll, describe, expect, it } from 'vitest'
import { quiet } from '../../../test/support/database.ts'
import { startEmbeddedPostgres } from './embedded.ts'
import { clusterFiles } from './embedded/cluster.ts'
import { findRunning, halt } from './embedded/postmaster.ts'
import { processesIn } from './embedded/process-identity.ts'

const OWNER_PROCESS = path.resolve(import.meta.dirname, '../../../test/support/embedded-process.ts')
const root = await mkdtemp(path.join(tmpdir(), 'plimsoll-embedded-'))
const children: ChildProcess[] = []

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  for (const name of await readdir(root)) {
    const left = await findRunning(clusterFiles(path.join(root, name)))
    if (left) await halt(left.process)
  }
  await rm(root, { recursive: true, force: true })
})

const start = (dataDir: string) => startEmbeddedPostgres({ dataDir, log: quiet })

/** Starts another process that locks `dataDir`, or reports why it cannot. */
async function startElsewhere(dataDir: string) {
  const child = spawn(process.execPath, [OWNER_PROCESS, dataDir], { stdio: ['pipe', 'pipe', 'inherit'] })
  children.push(child)
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  // safe because: the script writes exactly this.
  const said = JSON.parse(line) as { url?: string; error?: string }
  const kill = async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  return { pid: child.pid ?? 0, url: said.url ?? '', error: said.error, kill }
}

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query({ text, rowMode: 'array' })).rows
  } finally {
    await client.end()
  }
}

async function postmasterOf(dataDir: string) {
  const running = await findRunning(clusterFiles(dataDir))
  if (!running) throw new Error('no server runs')
  return running.process.pid
}

describe('the embedded PostgreSQL', { timeout: 60_000 }, () => {
  it('is made on first use, keeps its rows over a restart, and is gone after a stop', async () => {
    const dataDir = path.join(root, 'restart')
    const first = await start(dataDir)
    await query(first.url, 'create table kept as select 42 as answer')
    await first.stop()
    await first.stop()
    expect(await findRunning(clusterFiles(dataDir))).toBeUndefined()

    const second = await start(dataDir)
    expect(
      await query(second.url, 'select answer, current_setting($$server_version_num$$)::int >= 180000 from kept'),
    ).toEqual([[42, true]])
    await second.stop()
    expect(await readdir(dataDir)).not.toContain('owner.lock')
  })

  it('keeps its password to the owner of the folder and is not reachable over the network', async () => {
    const dataDir = path.join(root, 'private')
    const { url, stop } = await start(dataDir)
    expect((await stat(path.join(dataDir, 'postgres.password'))).mode & 0o077).toBe(0)
    expect(await query(url, "select current_setting('listen_addresses')")).toEqual([['']])
    const guessing = new URL(url)
    guessing.password = 'plimsoll'
    await expect(query(guessing.href, 'select 1')).rejects.toThrow(/password authentication failed/)
    await stop()
  })

  it('refuses a second owner by the process that has it', async () => {
    const dataDir = path.join(root, 'second')
    const { stop } = await start(dataDir)
    await expect(start(dataDir)).rejects.toMatchObject({ kind: 'conflict', code: 'DATA_DIR_IN_USE' })
    const other = await startElsewhere(dataDir)
    expect(other.error).toMatch(`is in use by process ${process.pid}. Stop it (kill ${process.pid})`)
    await stop()
  })

  it('that a killed process left running is taken over with everything in it', async () => {
    const dataDir = path.join(root, 'orphan')
    const owner = await startElsewhere(dataDir)
    await query(owner.url, 'create table kept as select 1')
    const pid = await postmasterOf(dataDir)
    await owner.kill()

    const { url, stop } = await start(dataDir)
    expect(await postmasterOf(dataDir)).toBe(pid)
    expect(await query(url, 'select count(*)::int from kept')).toEqual([[1]])
    await stop()
    expect(await processesIn(clusterFiles(dataDir).data)).toEqual([])
  })

  it('recovers what was committed after it and its owner were killed in the middle of writing', async () => {
    const dataDir = path.join(root, 'crash')
    const owner = await startElsewhere(dataDir)
    await query(owner.url, 'create table pairs (id int primary key, half text)')
    const pool = new pg.Pool({ connectionString: owner.url, max: 8 })
    pool.on('error', () => undefined)
    const acknowledged: number[] = []
    const write = async (id: number) => {
      await pool.query('insert into pairs select $1 * 2 + half, half::text from generate_series(0, 1) as half', [id])
      acknowledged.push(id)
    }
    const writing = Array.from({ length: 8 }, async (_, lane) => {
      for (let turn = 0; ; turn++) await write(turn * 8 + lane)
    })
    const settled = Promise.allSettled(writing)
    while (acknowledged.length < 200) await new Promise((resolve) => setImmediate(resolve))
    process.kill(await postmasterOf(dataDir), 'SIGKILL')
    await owner.kill()
    await settled
    await pool.end()

    const { url, stop } = await start(dataDir)
    const rows = (await query(url, 'select id / 2, count(*)::int from pairs group by 1')) as [number, number][]
    const found = new Map(rows)
    expect(acknowledged.filter((id) => found.get(id) !== 2)).toEqual([])
    expect(rows.filter(([, halves]) => halves !== 2)).toEqual([])
    await stop()
  })

  it('that is killed while its owner lives is started again where it was', async () => {
    const { url, stop } = await start(path.join(root, 'again'))
    await query(url, 'create table kept as select 1')
    process.kill(await postmasterOf(path.join(root, 'again')), 'SIGKILL')
    const rows = async () => query(url, 'select count(*)::int from kept').catch(() => undefined)
    let found = await rows()
    while (found === undefined) found = await rows()
    expect(found).toEqual([[1]])
    await stop()
    expect(await processesIn(clusterFiles(path.join(root, 'again')).data)).toEqual([])
  })

  it('starts after a kill in the middle of being made', async () => {
    const dataDir = path.join(root, 'half-made')
    await mkdir(path.join(dataDir, 'postgres.new', 'base'), { recursive: true })
    await writeFile(path.join(dataDir, 'postgres.new', 'PG_VERSION'), '18\n')
    const { url, stop } = await start(dataDir)
    expect(await query(url, 'select 1')).toEqual([[1]])
    await stop()
  })

  it('starts when the lock and the pid file name processes that are gone or somebody else', async () => {
    const dataDir = path.join(root, 'stale')
    await (await start(dataDir)).stop()
    const lock = path.join(dataDir, 'owner.lock')
    await writeFile(lock, JSON.stringify({ pid: process.pid, startTicks: '1' }))
    await writeFile(path.join(dataDir, 'postgres', 'postmaster.pid'), `${process.pid}\n${dataDir}/postgres\n1\n5432\n`)
    await (await start(dataDir)).stop()

    await writeFile(lock, 'not a lock')
    await (await start(dataDir)).stop()
  })

  it('listens on a free port where its folder’s path is too long for a socket', async () => {
    const { url, stop } = await start(path.join(root, 'long', 'x'.repeat(110)))
    expect(new URL(url).host).toMatch(/^127\.0\.0\.1:\d+$/)
    const taken = createServer().listen(0)
    expect(await query(url, 'select 1')).toEqual([[1]])
    taken.close()
    await stop()
  })

  it('listens in a folder whose name has spaces, commas, accents and signs of a URL', async () => {
    const { url, stop } = await start(path.join(root, 'é, a %41+#?'))
    expect(await query(url, "select current_setting('listen_addresses')")).toEqual([['']])
    await stop()
  })

  it('is another one in a copy of its folder, with the rows of the first', async () => {
    const [original, copy] = [path.join(root, 'original'), path.join(root, 'copy')]
    const first = await start(original)
    await query(first.url, 'create table kept as select 1')
    await first.stop()
    await cp(original, copy, { recursive: true })

    const [again, other] = [await start(original), await start(copy)]
    await query(again.url, 'insert into kept values (2)')
    const count = 'select count(*)::int from kept'
    expect([await query(again.url, count), await query(other.url, count)]).toEqual([[[2]], [[1]]])
    await again.stop()
    await other.stop()
  })

  it('works in a folder whose parents are closed to everybody else', async () => {
    const closed = await mkdtemp(path.join(root, 'closed-'))
    await chmod(closed, 0o700)
    const { url, stop } = await start(path.join(closed, 'data'))
    expect(await query(url, 'select 1')).toEqual([[1]])
    await stop()
  })

  it('says what is wrong with a folder it cannot use', async () => {
    const file = path.join(root, 'a-file')
    await writeFile(file, '')
    await expect(start(file)).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('DATA_DIR'),
    })

    const old = path.join(root, 'old')
    await mkdir(path.join(old, 'postgres'), { recursive: true })
    await writeFile(path.join(old, 'postgres', 'PG_VERSION'), '15\n')
    await expect(start(old)).rejects.toThrow(/was written by PostgreSQL 15; this is 18/)
    await writeFile(path.join(old, 'postgres', 'PG_VERSION'), '18\n')
    await expect(start(old)).rejects.toThrow(/its password file .*postgres.password cannot be read/)
    expect(await readdir(old)).not.toContain('owner.lock')
  })

  it('quotes the server’s own words when it does not start', async () => {
    const dataDir = path.join(root, 'broken')
    const settings = { shared_buffers: 'plenty' }
    await expect(startEmbeddedPostgres({ dataDir, log: quiet, settings })).rejects.toThrow(/invalid value.*"plenty"/)
    expect(await readFile(path.join(dataDir, 'postgres.log'), 'utf8')).toContain('plenty')
  })
})
