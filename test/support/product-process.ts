import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'

const MAIN = path.resolve(import.meta.dirname, '../../src/main.ts')

/** The product as `npm start` runs it, in a process of its own. */
export interface ProductProcess {
  readonly url: string
  /** Of the demo company. */
  readonly key: string
  /** Ends it without warning, as a crash would. */
  kill(): Promise<void>
  /** Asks it to stop; its exit code. */
  stop(): Promise<number | null>
}

/** Resolves when it says that it is ready. Throws what it said instead, when it ends before that. */
export async function startProduct(environment: Readonly<Record<string, string>>): Promise<ProductProcess> {
  const child = spawn(process.execPath, [MAIN], {
    env: { PATH: process.env['PATH'] ?? '', SERVER_PORT: '0', LOG_LEVEL: 'ERROR', ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const said: string[] = []
  for await (const line of createInterface(child.stdout)) {
    said.push(line)
    const text = said.join('\n')
    const url = /MCP endpoint\s+(http:\S+)\/mcp/.exec(text)?.[1]
    const key = /API key\s+(plim_\S+)/.exec(text)?.[1]
    if (url !== undefined && key !== undefined) return running(child, url, key)
  }
  throw new Error(`the product did not start:\n${said.join('\n')}`)
}

function running(child: ChildProcess, url: string, key: string): ProductProcess {
  // Read on, or the process would stand still once the pipe is full.
  child.stdout?.resume()
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal)
      await once(child, 'exit')
    }
    return child.exitCode
  }
  return { url, key, kill: async () => void (await end('SIGKILL')), stop: () => end('SIGTERM') }
}
