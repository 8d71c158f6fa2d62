import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { Failure } from '#kernel/failure'
import { DEPTH_MAX, shapeProblem } from '#kernel/network/json-shape'
import { RPC, RpcError } from './rpc.ts'

/** Reads the body and passes it on once; `failed` gets a `Failure` when the body is too large or ends early. */
export function readBody(
  req: IncomingMessage,
  bytesMax: number,
  done: (body: Buffer) => void,
  failed: (failure: Failure) => void,
): void {
  if (Number(req.headers['content-length']) > bytesMax) return failed(tooLarge(bytesMax))
  let first: Buffer | undefined
  let chunks: Buffer[] | undefined
  let bytes = 0
  req.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > bytesMax) {
      req.removeAllListeners('data').removeAllListeners('end')
      return failed(tooLarge(bytesMax))
    }
    if (first === undefined) first = chunk
    else if (chunks === undefined) chunks = [first, chunk]
    else chunks.push(chunk)
  })
  req.on('end', () => done(chunks === undefined ? (first ?? Buffer.alloc(0)) : Buffer.concat(chunks, bytes)))
  req.on('error', (cause) =>
    failed(new Failure('cancelled', 'The request ended before its body was complete.', { cause })),
  )
}

/** Parses a body. Throws -32700 with status 400 when it is not JSON in UTF-8, or too deep or too large to validate. */
export function parseBody(body: Buffer): unknown {
  if (!isUtf8(body)) throw notJson('it is not UTF-8')
  // A large body is measured before it is parsed: nested arrays need fifty times their text in memory.
  if (body.length > MEASURED_FROM_BYTES && depthOf(body) > DEPTH_MAX)
    throw notJson(`it is nested deeper than ${DEPTH_MAX} levels`)
  let parsed: unknown
  try {
    parsed = JSON.parse(body.toString('utf8'))
  } catch {
    throw notJson('it is not JSON')
  }
  const problem = shapeProblem(parsed)
  if (problem !== undefined) throw notJson(problem)
  return parsed
}

const MEASURED_FROM_BYTES = 4096

const QUOTE = 0x22
const BACKSLASH = 0x5c
/** `[` and `{` differ in one bit only, as do `]` and `}`. */
const OPEN = 0x7b
const CLOSE = 0x7d
const BRACKET_BIT = 0x20

/** The deepest nesting of arrays and objects, without parsing. */
function depthOf(body: Buffer): number {
  let depth = 0
  let deepest = 0
  let quoted = false
  for (let at = 0; at < body.length; at++) {
    const byte = body[at] ?? 0
    if (quoted) {
      if (byte === BACKSLASH) at++
      else if (byte === QUOTE) quoted = false
    } else if (byte === QUOTE) quoted = true
    else if ((byte | BRACKET_BIT) === OPEN) deepest = Math.max(deepest, ++depth)
    else if ((byte | BRACKET_BIT) === CLOSE) depth--
  }
  return deepest
}

function notJson(why: string): RpcError {
  return new RpcError(400, RPC.parse, `Parse error: the body cannot be read; ${why}.`)
}

function tooLarge(bytesMax: number): Failure {
  return new Failure('too_large', `The request body is larger than ${bytesMax} bytes.`)
}
