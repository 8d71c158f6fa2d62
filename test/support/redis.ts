import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Redis } from 'ioredis'
import { freePort } from './free-port.ts'

/** Whether `redis-server` is installed. */
export const hasRedis = spawnSync('redis-server', ['--version']).status === 0

export interface TestRedis {
  readonly url: string
  /** Kills it, like a crash. */
  kill(): Promise<void>
  /** Starts it again, empty, on the same port. */
  restart(): Promise<void>
  /** Suspends it: connections stay open, but nothing is answered. */
  freeze(): Promise<void>
  /** Resumes it with all its data. */
  thaw(): void
}

/** A Redis for one test on a free loopback port, without persistence. */
export async function startRedis(): Promise<TestRedis> {
  const port = await freePort()
  let server = await start(port)
  return {
    url: `redis://127.0.0.1:${port}/0`,
    async kill() {
      if (server.exitCode !== null || server.signalCode !== null) return
      server.kill('SIGKILL')
      await once(server, 'exit')
    },
    async restart() {
      server = await start(port)
    },
    async freeze() {
      server.kill('SIGSTOP')
      while (!isStopped(server)) await new Promise((resolve) => setImmediate(resolve))
    },
    thaw: () => void server.kill('SIGCONT'),
  }
}

/** Waits until the client is connected, or is disconnected. */
export function heard(client: Redis, event: 'ready' | 'close'): Promise<void> {
  return new Promise((resolve) => client.once(event, () => resolve()))
}

/** The signal reaches every thread a moment after it is sent. */
function isStopped({ pid = 0 }: ChildProcess): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'state=', '-p', String(pid)], { encoding: 'utf8' })
  return stdout.startsWith('T')
}

async function start(port: number): Promise<ChildProcess> {
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const server = spawn('redis-server', options, { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise<void>((resolve, reject) => {
    server.stdout.on('data', (chunk: Buffer) => {
      if (chunk.includes('Ready to accept connections')) resolve()
    })
    server.once('exit', (code) => reject(new Error(`redis-server ended with ${code} before it was ready`)))
  })
  return server
}
