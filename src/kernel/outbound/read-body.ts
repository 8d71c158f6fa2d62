import type { IncomingMessage } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { decoderOf, encodingOf } from '../network/content-encoding.ts'
import { Failure } from '../failure.ts'

/** The decoded body. Stops reading as soon as it is larger than allowed, as sent or as decoded. */
export async function readBody(res: IncomingMessage, url: URL, bytesMax: number): Promise<Uint8Array> {
  const sizeTold = Number(res.headers['content-length'] ?? 0)
  if (sizeTold > bytesMax) throw tooLarge(url, bytesMax)
  const chunks: Buffer[] = []
  const collect = async (source: AsyncIterable<Buffer>) => {
    for await (const chunk of bounded(source, url, bytesMax)) chunks.push(chunk)
  }
  const decoder = decoderFor(res, url)
  try {
    if (decoder === undefined) await pipeline(res, collect)
    else await pipeline(res, (source: AsyncIterable<Buffer>) => bounded(source, url, bytesMax), decoder, collect)
  } catch (error) {
    if (error instanceof Failure) throw error
    throw unreadable(url, error)
  }
  return Buffer.concat(chunks)
}

async function* bounded(source: AsyncIterable<Buffer>, url: URL, bytesMax: number): AsyncGenerator<Buffer> {
  let bytes = 0
  for await (const chunk of source) {
    bytes += chunk.length
    if (bytes > bytesMax) throw tooLarge(url, bytesMax)
    yield chunk
  }
}

function decoderFor(res: IncomingMessage, url: URL) {
  const encoding = encodingOf(res.headers)
  if (encoding === undefined) return undefined
  const decoder = decoderOf(encoding)
  if (decoder !== undefined) return decoder
  throw wrongEncoding(url)
}

export function wrongEncoding(url: URL): Failure {
  return new Failure('upstream', `The server at ${url.host} answered in an encoding that was not asked for.`)
}

export function unreadable(url: URL, cause: unknown): Failure {
  return new Failure('upstream', `The answer of the server at ${url.host} could not be read.`, { cause })
}

export function tooLarge(url: URL, bytesMax: number): Failure {
  return new Failure('upstream', `The server at ${url.host} answered with more than ${bytesMax} bytes.`)
}
