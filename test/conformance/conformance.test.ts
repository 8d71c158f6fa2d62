import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { startMcpServer } from './mcp-server.ts'
import { conformanceMount, suite } from './server/mount.ts'

const require = createRequire(import.meta.url)
const SUITE = join(dirname(require.resolve('@modelcontextprotocol/conformance/package.json')), 'dist/index.js')
const SUITE_MILLISECONDS_MAX = 120_000

/** Runs the official suite in a separate process; it exits with 0 only when every required scenario passes. */
function runSuite(url: string, requirements: string, folder: string): Promise<{ exitCode: number; output: string }> {
  const args = [SUITE, 'server', '--url', url, '--requirements', requirements, '-o', folder]
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      args,
      { timeout: SUITE_MILLISECONDS_MAX, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (error !== null && typeof error.code !== 'number') return reject(error)
        resolve({ exitCode: typeof error?.code === 'number' ? error.code : 0, output: stdout + stderr })
      },
    )
  })
}

/** The failed scenarios that the revision requires. */
function requiredFailures(output: string): string[] {
  const [scored = '', notScored = ''] = output.split('Not scored for ', 2)
  const excused = new Set([...notScored.matchAll(/^\s+[✓✗] (\S+) \(/gm)].map((match) => match[1]))
  return [...scored.matchAll(/^✗ ([\w-]+):/gm)].flatMap(([, name]) =>
    name === undefined || excused.has(name) ? [] : [name],
  )
}

describe('the official conformance suite', () => {
  it.each(['2026-07-28', '2025-11-25'])(
    'passes every scenario that %s requires',
    async (requirements) => {
      const folder = await mkdtemp(join(tmpdir(), 'mcp-conformance-'))
      await using server = await startMcpServer({ mounts: [conformanceMount()], authenticate: () => suite })
      const { exitCode, output } = await runSuite(`${server.url}/mcp/conformance`, requirements, folder)
      const closing = output.split('\n').filter((line) => /^(Total:|Not scored for)/.test(line))
      process.stdout.write(`conformance ${requirements}: ${closing.join(' ')}\n`)
      expect(requiredFailures(output)).toEqual([])
      expect(closing).toHaveLength(2)
      expect(output).toMatch(/^✓ tools-call-simple-text: [1-9]\d* passed, 0 failed/m)
      expect(exitCode).toBe(0)
      const meant = 'every scenario that the revision requires passed; those that failed test optional extensions'
      process.stdout.write(`conformance ${requirements}: ${meant}\n`)
      await rm(folder, { recursive: true })
    },
    SUITE_MILLISECONDS_MAX,
  )
})

describe('the conformance mount', () => {
  it('exists only where it is mounted', async () => {
    await using server = await startMcpServer()
    const response = await fetch(`${server.url}/mcp/conformance`, { method: 'POST' })
    expect(response.status).toBe(404)
  })
})
