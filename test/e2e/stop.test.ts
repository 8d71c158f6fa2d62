import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { clusterFiles } from '#kernel/database/embedded/cluster'
import { findRunning } from '#kernel/database/embedded/postmaster'
import { freePort } from '../support/free-port.ts'

const MAIN = path.resolve(import.meta.dirname, '../../src/main.ts')
const POLL_MILLISECONDS = 10
/** Whether this machine has `script` of util-linux, which runs a command in a new terminal. */
const canMakeTerminal = String(spawnSync('script', ['--version']).stdout).includes('util-linux')

describe('a process that gets signals or loses its terminal', async () => {
  const DATA_DIR = await realpath(await mkdtemp(path.join(tmpdir(), 'plimsoll-stop-')))
  afterAll(() => rm(DATA_DIR, { recursive: true, force: true }))
  let port = 0
  beforeEach(async () => {
    port = await freePort()
  })
  const start = (environment: Readonly<Record<string, string>> = {}, options: { detached?: boolean } = {}) =>
    spawn(process.execPath, [MAIN], {
      env: {
        PATH: process.env['PATH'] ?? '',
        DATA_DIR,
        SERVER_PORT: String(port),
        ENVIRONMENT: 'test',
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
      ...options,
    })
  const databaseRuns = async () => (await findRunning(clusterFiles(DATA_DIR))) !== undefined

  it('stops its database on a signal during its start', async () => {
    const child = start()
    child.stdout.resume()
    await until(databaseRuns)
    expect(await ended(child, 'SIGTERM')).toBe(0)
    expect(await databaseRuns()).toBe(false)
  })

  it('ends with npm, which a container or systemd starts and tells to stop', { timeout: 60_000 }, async () => {
    const npm = spawn('npm', ['start'], {
      cwd: path.resolve(import.meta.dirname, '../..'),
      env: { ...process.env, DATA_DIR, SERVER_PORT: String(port), ENVIRONMENT: 'test' },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    await until(() => answers(port))
    await ended(npm, 'SIGTERM')
    expect(await answers(port)).toBe(false)
    expect(await databaseRuns()).toBe(false)
  })

  it('keeps running when its output is no longer read', async () => {
    const child = start()
    child.stdout.destroy()
    await until(() => answers(port))
    expect(await ended(child, 'SIGINT')).toBe(0)
    expect(await databaseRuns()).toBe(false)
  })

  it('stops cleanly when it gets a signal twice, as from the terminal and from npm', async () => {
    const child = start()
    child.stdout.resume()
    await until(() => answers(port))
    child.kill('SIGINT')
    expect(await ended(child, 'SIGINT')).toBe(0)
    expect(await databaseRuns()).toBe(false)
  })

  it.skipIf(!canMakeTerminal)('stops cleanly when its terminal is closed', async () => {
    const command = `exec ${process.execPath} ${MAIN}`
    const terminal = spawn('script', ['--quiet', '--command', command, '/dev/null'], {
      env: { PATH: process.env['PATH'] ?? '', DATA_DIR, SERVER_PORT: String(port), ENVIRONMENT: 'test' },
      stdio: ['pipe', 'ignore', 'inherit'],
    })
    await until(() => answers(port))
    await ended(terminal, 'SIGKILL')
    await until(async () => !(await databaseRuns()))
    expect(await answers(port)).toBe(false)
  })

  it('without a terminal, reloads its secrets on SIGHUP and keeps running', async () => {
    const file = path.join(DATA_DIR, 'metrics-token')
    const [before, after] = ['first-token', 'second-token'].map((name) => `${name}-${'x'.repeat(32)}`)
    await writeFile(file, `${before}\n`)
    const child = start({ METRICS_TOKEN_FILE: file }, { detached: true })
    child.stdout.resume()
    await until(() => answers(port))
    const status = async (token = '') => {
      const response = await fetch(`http://127.0.0.1:${port}/metrics`, {
        headers: { authorization: `Bearer ${token}` },
      })
      await response.arrayBuffer()
      return response.status
    }
    expect([await status(before), await status(after)]).toEqual([200, 401])
    await writeFile(file, `${after}\n`)
    child.kill('SIGHUP')
    await until(async () => (await status(after)) === 200)
    expect(await status(before)).toBe(401)
    expect(await ended(child, 'SIGTERM')).toBe(0)
  })
})

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await wait(POLL_MILLISECONDS)
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const exit = once(child, 'exit')
  child.kill(signal)
  const [code]: (number | null)[] = await exit
  return code ?? null
}

function answers(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/version`).then(
    (response) => response.ok,
    () => false,
  )
}
