// `npm run verify`: all checks that need no database and no server.
import { spawn } from 'node:child_process'

interface Step {
  readonly name: string
  readonly command: readonly string[]
}

const STEPS: readonly Step[] = [
  { name: 'types', command: ['tsc'] },
  { name: 'lint', command: ['oxlint', '--deny-warnings'] },
  { name: 'format', command: ['biome', 'format', '.'] },
  { name: 'architecture', command: ['vitest', 'run', '--config', 'vitest.architecture.config.ts'] },
  { name: 'unused', command: ['knip', '--no-progress'] },
  { name: 'docs', command: ['node', 'scripts/check-docs.ts'] },
]
const AT_ONCE = 2

const started = performance.now()
const waiting = [...STEPS]
const failed: string[] = []
await Promise.all(Array.from({ length: AT_ONCE }, work))
const total = seconds(started)
console.log(failed.length === 0 ? `verified in ${total}` : `${failed.join(', ')} failed, after ${total}`)
process.exitCode = failed.length === 0 ? 0 : 1

async function work(): Promise<void> {
  for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
    const begun = performance.now()
    const { ok, output } = await run(step.command)
    console.log(`${ok ? 'ok    ' : 'FAILED'} ${step.name.padEnd(13)} ${seconds(begun)}`)
    if (ok) continue
    failed.push(step.name)
    console.log(output)
  }
}

/** Runs a program of the project's packages, which npm puts first on the path. */
function run([program = '', ...parameters]: readonly string[]): Promise<{ ok: boolean; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(program, parameters, { stdio: ['ignore', 'pipe', 'pipe'], shell: process.platform === 'win32' })
    const output: Buffer[] = []
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => output.push(chunk))
    child.on('error', (error) => resolve({ ok: false, output: error.message }))
    child.on('close', (code) => resolve({ ok: code === 0, output: Buffer.concat(output).toString() }))
  })
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`
}
