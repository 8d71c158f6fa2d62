import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import { decoderOf, encodingOf } from '#kernel/network/content-encoding'
import { Failure } from '#kernel/failure'

/**
 * Decompresses a body by its `Content-Encoding`. The body limit counts decompressed bytes, so a compression bomb is
 * stopped once it exceeds the limit, and the rest stays unread.
 */
export function inflated(headers: IncomingHttpHeaders, payload: Readable): Readable {
  const encoding = encodingOf(headers['content-encoding'])
  if (encoding === undefined) return payload
  const inflater = decoderOf(encoding)
  if (inflater === undefined) throw notTaken(encoding)
  let receivedEncodedLength = 0
  payload.on('data', (chunk: Buffer) => {
    receivedEncodedLength += chunk.length
  })
  // Once the body is too large nobody listens any more; an unhandled error event would end the process.
  inflater.on('error', () => undefined)
  payload.on('error', (error) => inflater.destroy(error))
  Object.defineProperty(inflater, 'receivedEncodedLength', { get: () => receivedEncodedLength })
  return payload.pipe(inflater)
}

function notTaken(encoding: string): Failure {
  return new Failure(
    'unsupported',
    `The Content-Encoding ${encoding.slice(0, 40)} is not taken here; use gzip, deflate or br, or send the body as it is.`,
    { code: 'ENCODING_NOT_ACCEPTED' },
  )
}
