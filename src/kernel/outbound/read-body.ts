import { pipeline } from 'node:stream/promises'
import { decoderOf, encodingOf } from '../network/content-encoding.ts'
import { Failure } from '../failure.ts'
import type { Arrived } from './exchange.ts'

/** The decoded body. Stops reading as soon as it is larger than allowed, as sent or as decoded. */
export async function readBody({ headers, body }: Arrived, url: URL, bytesMax: number): Promise<Uint8Array> {
  if (Number(headers.get('content-length') ?? 0) > bytesMax) throw tooLarge(url, bytesMax)
  const encoding = encodingOf(headers.get('content-encoding'))
  const decoder = encoding === undefined ? undefined : decoderOf(encoding)
  if (encoding !== undefined && decoder === undefined) throw wrongEncoding(url)
  const chunks: Buffer[] = []
  const collect = async (source: AsyncIterable<Buffer>) => {
    for await (const chunk of bounded(source, url, bytesMax)) chunks.push(chunk)
  }
  try {
    if (decoder === undefined) await pipeline(body, collect)
    else await pipeline(body, (source: AsyncIterable<Buffer>) => bounded(source, url, bytesMax), decoder, collect)
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

export function wrongEncoding(url: URL): Failure {
  return new Failure('upstream', `The server at ${url.host} answered in an encoding that was not asked for.`)
}

export function unreadable(url: URL, cause: unknown): Failure {
  return new Failure('upstream', `The answer of the server at ${url.host} could not be read.`, { cause })
}

export function tooLarge(url: URL, bytesMax: number): Failure {
  return new Failure('upstream', `The server at ${url.host} answered with more than ${bytesMax} bytes.`)
}
