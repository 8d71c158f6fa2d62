import { PassThrough } from 'node:stream'
import { createInterface } from 'node:readline'
import { loadConfig } from '../../src/settings.ts'
import { createKeyring } from '#kernel/crypto/keyring'
import { createLimiter } from '#kernel/calls/limits'
import { noTracing } from '#kernel/telemetry/tracing'
import { describe, expect, it } from 'vitest'
import { serveStdio } from '../../src/surfaces/mcp/stdio.ts'
import { KEYS, authenticate, demoServer, log, openContext } from './mcp-server.ts'
import type { Json } from './post.ts'

/** The server over standard input and output. `ask` sends a message and returns the next answer. */
function startStdio(
  path: string,
  caller = () => authenticate(KEYS.bob),
  perKeyPerMinute = 100,
): { ask: (message: object) => Promise<Json>; close: () => Promise<void> } {
  const config = loadConfig({})
  const input = new PassThrough()
  const output = new PassThrough()
  const close = serveStdio({
    servers: [demoServer],
    openContext,
    limiter: createLimiter({ settings: { ...config.limits, perKeyPerMinute }, log, milliseconds: () => 0 }),
    settings: config,
    log,
    observer: { started: () => undefined, finished: () => undefined },
    tracing: noTracing,
    clock: () => new Date(),
    keyring: createKeyring([new Uint8Array(32)]),
    version: '0.0.0-test',
    caller,
    path,
    input,
    output,
  })
  const lines = createInterface({ input: output })[Symbol.asyncIterator]()
  return {
    ask: async (message) => {
      input.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
      const { value } = await lines.next()
      const answer: Json = JSON.parse(String(value))
      return answer
    },
    close: () => close(1),
  }
}

const params = { name: 'echo', arguments: { text: 'ahoy' } }
const said = { text: 'ahoy', tenant: 'tenant-of-bob' }

describe('standard input and output', () => {
  it('serve a 2025 client: handshake, list, call', async () => {
    const { ask, close } = startStdio('/mcp')
    const clientInfo = { name: 'pipe', version: '1' }
    const opened = await ask({
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo },
    })
    expect(opened['result']?.['protocolVersion']).toBe('2025-06-18')
    const listed = await ask({ id: 2, method: 'tools/list' })
    expect(JSON.stringify(listed)).not.toContain('write_down')
    const called = await ask({ id: 3, method: 'tools/call', params })
    expect(called['result']?.['structuredContent']).toEqual(said)
    await close()
  })

  it('serve a client of the stateless revision', async () => {
    const { ask, close } = startStdio('/mcp/demo/speech')
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
      'io.modelcontextprotocol/clientInfo': { name: 'pipe', version: '1' },
    }
    const called = await ask({ id: 'a', method: 'tools/call', params: { ...params, _meta } })
    expect(called['result']).toMatchObject({ resultType: 'complete', structuredContent: said })
    await close()
  })

  it('refuse a key that is revoked meanwhile', async () => {
    let isRevoked = false
    const { ask, close } = startStdio('/mcp', () => authenticate(isRevoked ? undefined : KEYS.bob))
    const clientInfo = { name: 'pipe', version: '1' }
    await ask({ id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo } })
    expect((await ask({ id: 2, method: 'tools/call', params }))['result']?.['structuredContent']).toEqual(said)
    isRevoked = true
    for (const message of [
      { id: 3, method: 'tools/call', params },
      { id: 4, method: 'tools/list' },
    ]) {
      expect((await ask(message))['error']).toMatchObject({ data: { kind: 'unauthenticated' } })
    }
    await close()
  })

  it('count the tool calls of the key', async () => {
    const { ask, close } = startStdio('/mcp', undefined, 1)
    const clientInfo = { name: 'pipe', version: '1' }
    await ask({ id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo } })
    expect((await ask({ id: 2, method: 'tools/call', params }))['result']?.['structuredContent']).toEqual(said)
    expect((await ask({ id: 3, method: 'tools/call', params }))['error']).toMatchObject({
      data: { kind: 'rate_limited' },
    })
    await close()
  })

  it('refuse an endpoint that does not exist', () => {
    expect(() => startStdio('/mcp/nowhere')).toThrow('no MCP endpoint')
  })
})
