import type { IncomingMessage } from 'node:http'
import { Failure } from '#kernel/failure'

/** The forms of a response that the caller accepts: JSON, an event stream, or either. */
export type Accepted = 'json' | 'stream' | 'both'

const BOTH = 'application/json, text/event-stream'

/**
 * What the `Accept` header allows; without one, or with `*\/*`, both. The header is then written out in the form that
 * the SDK looks for, which knows no wildcards. Throws `Failure('unsupported')` when it allows neither.
 */
export function acceptedMedia(req: IncomingMessage): Accepted {
  const { accept = '*/*' } = req.headers
  if (accept === BOTH) return 'both'
  const isAnything = accept.includes('*/*')
  const json = isAnything || accept.includes('application/json') || accept.includes('application/*')
  const stream = isAnything || accept.includes('text/event-stream') || accept.includes('text/*')
  if (!json && !stream) {
    const message = 'The Accept header must allow application/json or text/event-stream.'
    throw new Failure('unsupported', message, { code: 'NOT_ACCEPTABLE' })
  }
  if (stream) req.headers.accept = BOTH
  return json ? (stream ? 'both' : 'json') : 'stream'
}

/** Throws unless the body is declared as uncompressed JSON. */
export function requireJsonBody(req: IncomingMessage): void {
  const type = req.headers['content-type']
  if (type !== 'application/json' && !/^application\/json\s*(;|$)/i.test(type ?? '')) {
    throw new Failure('unsupported', 'The Content-Type must be application/json.')
  }
  const { 'content-encoding': encoding } = req.headers
  if (encoding !== undefined && !/^(identity)?$/i.test(encoding.trim())) {
    const message = `The Content-Encoding ${encoding.slice(0, 40)} is not taken here; send the body as it is (identity).`
    throw new Failure('unsupported', message, { code: 'ENCODING_NOT_ACCEPTED' })
  }
}
