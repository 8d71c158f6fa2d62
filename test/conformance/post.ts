import { request } from 'node:http'
import { KEYS } from './mcp-server.ts'
import type { RunningServer } from './mcp-server.ts'

/** A JSON body of unknown shape. */
export interface Json {
  readonly [key: string]: Json
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  /** The body as JSON; empty when it is not JSON. */
  readonly body: Json
}

export interface Question {
  readonly path?: string
  readonly method?: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string | undefined>>
}

/** Sends one HTTP request exactly as given, with bytes or JSON as its body. Headers set to undefined are left out. */
export function send(server: RunningServer, question: Question): Promise<Answer> {
  const { path = '/mcp', method = 'POST', body, headers } = question
  const bytes = body instanceof Uint8Array || typeof body === 'string' ? body : JSON.stringify(body)
  const all = { 'content-type': 'application/json', authorization: KEYS.ada, ...headers }
  const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
  return new Promise((resolve, reject) => {
    const req = request(`${server.url}${path}`, { method, headers: given, timeout: 10_000 }, (res) => {
      const chunks: Buffer[] = []
      res.on('data', (chunk: Buffer) => chunks.push(chunk))
      res.on('error', reject)
      res.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        resolve({ status: res.statusCode ?? 0, headers: res.headers, text, body: parsed(text) })
      })
    })
    req.on('timeout', () => req.destroy(new Error('no answer within 10 seconds')))
    req.on('error', reject)
    req.end(bytes)
  })
}

/** The `_meta` of every request of the stateless revision. */
export const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
}

/** A well-formed request of the stateless revision. */
export function modern(method: string, params: Record<string, unknown> = {}): Question {
  const name = params['name']
  return {
    body: { jsonrpc: '2.0', id: 1, method, params: { _meta: META, ...params } },
    headers: {
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(typeof name === 'string' && { 'mcp-name': `=?base64?${Buffer.from(name).toString('base64')}?=` }),
    },
  }
}

/** A request of a 2025 revision, without a session. */
export function legacy(method: string, params: Record<string, unknown> = {}, version = '2025-11-25'): Question {
  return { body: { jsonrpc: '2.0', id: 1, method, params }, headers: { 'mcp-protocol-version': version } }
}

/** The same request with some headers changed. */
export function withHeaders(question: Question, headers: Question['headers']): Question {
  return { ...question, headers: { ...question.headers, ...headers } }
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text)
  } catch {
    // Safe because: a body that is not JSON is compared as text.
    return {}
  }
}
