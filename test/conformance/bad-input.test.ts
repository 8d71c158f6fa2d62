import { existsSync } from 'node:fs'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startMcpServer } from './mcp-server.ts'
import type { RunningServer } from './mcp-server.ts'
import { legacy, modern, send } from './post.ts'
import type { Answer, Question } from './post.ts'

const BAD_INPUT = join(import.meta.dirname, '../../../shared/data/bad-input')
const JSON_FILES = join(BAD_INPUT, 'JSONTestSuite/test_parsing')
const NAUGHTY = join(BAD_INPUT, 'blns/blns.json')

let server: RunningServer
beforeAll(async () => {
  server = await startMcpServer()
})
afterAll(() => server[Symbol.asyncDispose]())

const LEAKS = /node_modules|node:internal|\.ts:\d|at \w+ \(|select secret|TypeError|SyntaxError|ZodError/

/** Checks that an answer is no internal error and reveals nothing internal. `send` waits ten seconds for it. */
function requireHarmless({ status, text }: Answer, what: string): void {
  const leaked = LEAKS.exec(text)?.[0]
  expect({ what, leaked, refused: status >= 200 && status < 500 }).toEqual({ what, leaked: undefined, refused: true })
}

async function sendAll(questions: readonly (readonly [string, Question])[]): Promise<void> {
  for (let at = 0; at < questions.length; at += 16) {
    await Promise.all(
      questions.slice(at, at + 16).map(async ([what, question]) => requireHarmless(await send(server, question), what)),
    )
  }
}

describe('bad input never breaks the server', () => {
  it.skipIf(!existsSync(JSON_FILES))('every file of JSONTestSuite as a body', async () => {
    const names = await readdir(JSON_FILES)
    expect(names.length).toBeGreaterThan(300)
    const questions = await Promise.all(
      names.map(async (name) => [name, { body: new Uint8Array(await readFile(join(JSON_FILES, name))) }] as const),
    )
    await sendAll(questions)
  })

  it.skipIf(!existsSync(JSON_FILES))('every file of JSONTestSuite as an argument', async () => {
    const names = await readdir(JSON_FILES)
    const questions = await Promise.all(
      names.map(async (name) => {
        const head = Buffer.from('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":')
        const body = new Uint8Array(Buffer.concat([head, await readFile(join(JSON_FILES, name)), Buffer.from('}}')]))
        return [name, { body, headers: { 'mcp-protocol-version': '2025-11-25' } }] as const
      }),
    )
    await sendAll(questions)
  })

  it.skipIf(!existsSync(NAUGHTY))(
    'every naughty string as an argument, a name, a method, an id and a cursor',
    async () => {
      const strings: string[] = JSON.parse(await readFile(NAUGHTY, 'utf8'))
      expect(strings.length).toBeGreaterThan(400)
      const questions = strings.flatMap((text): [string, Question][] => [
        [text, modern('tools/call', { name: 'echo', arguments: { text } })],
        [text, modern('tools/call', { name: text, arguments: {} })],
        [text, modern('tools/call', { name: 'echo', arguments: { text: 'x', [text]: text } })],
        [text, legacy(text)],
        [text, legacy('tools/list', { cursor: text })],
        [text, { body: { jsonrpc: '2.0', id: text, method: 'ping' } }],
        [text, { body: text }],
      ])
      await sendAll(questions)
    },
  )

  it.skipIf(!existsSync(NAUGHTY))('every naughty string is returned by a tool unchanged', async () => {
    const strings: string[] = JSON.parse(await readFile(NAUGHTY, 'utf8'))
    for (const text of strings) {
      const { body } = await send(server, modern('tools/call', { name: 'echo', arguments: { text } }))
      expect(body['result']?.['structuredContent']?.['text']).toBe(text)
    }
  })

  it.each([
    ['a depth bomb', '['.repeat(200_000)],
    ['a closed depth bomb', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ['a depth bomb of objects', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
    ['bytes that are not UTF-8', new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d])],
    ['nothing', ''],
  ])('%s is refused as a parse error', async (_what, body) => {
    const answer = await send(server, { body })
    expect(answer).toMatchObject({ status: 400, body: { error: { code: -32700 } } })
  })

  it('the last of duplicate keys counts', async () => {
    const answer = await send(server, { body: '{"jsonrpc":"2.0","id":1,"id":2,"method":"no","method":"ping"}' })
    expect(answer.text).toBe('{"jsonrpc":"2.0","id":2,"result":{}}')
  })

  it('keys such as __proto__ are ordinary names', async () => {
    const params = JSON.parse('{"name":"__proto__","arguments":{"__proto__":{"polluted":true},"constructor":1}}')
    requireHarmless(await send(server, legacy('tools/call', params)), '__proto__')
    requireHarmless(await send(server, modern('tools/call', { name: 'constructor' })), 'constructor')
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
  })
})
