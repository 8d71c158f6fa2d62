import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import { decoderOf, encodingOf } from '#kernel/network/content-encoding'
import { Failure } from '#kernel/failure'

/**
 * The body as it was before its `Content-Encoding`. The reader's bound counts the bytes that come out, so a small bomb
 * stops as soon as it is too large, and the inflater is thrown away with the rest unread.
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
  // The reader stops listening once the body is too large; an error after that must not end the process.
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
