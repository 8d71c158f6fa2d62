import type { IncomingMessage } from 'node:http'
import { Failure } from '#kernel/failure'

/** Throws unless the body is declared as uncompressed JSON and the caller accepts JSON. */
export function requireMediaTypes(req: IncomingMessage): void {
  const type = req.headers['content-type']
  if (type !== 'application/json' && !/^application\/json\s*(;|$)/i.test(type ?? '')) {
    throw new Failure('unsupported', 'The Content-Type must be application/json.')
  }
  const { accept, 'content-encoding': encoding } = req.headers
  if (encoding !== undefined && !/^(identity)?$/i.test(encoding.trim())) {
    const message = `The Content-Encoding ${encoding.slice(0, 40)} is not taken here; send the body as it is (identity).`
    throw new Failure('unsupported', message, { code: 'ENCODING_NOT_ACCEPTED' })
  }
  if (accept === undefined || accept.includes('application/json') || accept.includes('*/*')) return
  if (!accept.includes('application/*')) {
    throw new Failure('unsupported', 'The Accept header must allow application/json.', { code: 'NOT_ACCEPTABLE' })
  }
}

/** Whether the caller accepts an event stream. */
export function takesStream(req: IncomingMessage): boolean {
  const { accept } = req.headers
  return accept === undefined || accept.includes('text/event-stream') || accept.includes('*/*')
}
