import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'

const SOURCE = path.resolve(import.meta.dirname, '../../src')
/** Settings that cache compiled code where the product does, for programs that tests start often. */
export const KEEPS_COMPILED_CODE = {
  NODE_COMPILE_CACHE: path.resolve(import.meta.dirname, '../../node_modules/.cache/plimsoll'),
}

/** The product as `npm start` runs it, in a process of its own. */
export interface ProductProcess {
  readonly url: string
  /** The API key of the demo company; empty when there is none, as with `ENVIRONMENT=test`. */
  readonly key: string
  /** Its output until it was ready. */
  readonly said: string
  /** Kills it, like a crash. */
  kill(): Promise<void>
  /** Asks it to stop. Resolves with its exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>
}

type Variables = Readonly<Record<string, string>>

/**
 * Starts the product and resolves when it is ready. Throws its output when it ends before. `main` is another program
 * that serves the product, with additional modules.
 */
export async function startProduct(
  environment: Variables,
  main = path.join(SOURCE, 'main.ts'),
): Promise<ProductProcess> {
  const child = spawn(process.execPath, [main], {
    env: variables({ SERVER_PORT: '0', LOG_LEVEL: 'ERROR', ...environment }),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const said: string[] = []
  for await (const line of createInterface(child.stdout)) {
    said.push(line)
    const all = said.join('\n')
    const url = /MCP endpoint\s+(http:\S+)\/mcp/.exec(all)?.[1]
    const [hint, key] = /API key\s+(plim_\S+)|Create a key:/.exec(all) ?? []
    if (url !== undefined && hint !== undefined) return { ...running(child, url, key ?? ''), said: all }
  }
  throw new Error(`the product did not start:\n${said.join('\n')}`)
}

function running(child: ChildProcess, url: string, key: string): Omit<ProductProcess, 'said'> {
  // Keep reading: the process would block once the pipe is full.
  child.stdout?.resume()
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal)
      await once(child, 'exit')
    }
    return child.exitCode
  }
  return { url, key, kill: async () => void (await end('SIGKILL')), stop: (signal = 'SIGTERM') => end(signal) }
}

/** Runs `plimsoll <words>` to its end. */
export async function runCommand(words: readonly string[], environment: Variables, input = '', source = SOURCE) {
  const commands = path.join(source, 'cli/main.ts')
  const child = spawn(process.execPath, [commands, ...words], { env: variables(environment) })
  const ended = once(child, 'exit')
  child.stdin.end(input)
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)])
  const [code]: (number | null)[] = await ended
  return { code, out, err }
}

/** Runs `plimsoll <words>` with an output that nobody reads. */
export async function runUnread(words: readonly string[], environment: Variables) {
  const child = spawn(process.execPath, [path.join(SOURCE, 'cli/main.ts'), ...words], { env: variables(environment) })
  const ended = once(child, 'exit')
  child.stdout.destroy()
  const [err, [code]] = await Promise.all([text(child.stderr), ended as Promise<(number | null)[]>])
  return { code, err }
}

/** The environment of the process: of the machine's variables only PATH. */
function variables(environment: Variables): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'] ?? '', ...environment }
}
