import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'

/** What undoes a `Content-Encoding` (RFC 9110, 8.4.1), written in lower case; undefined for one that is not taken. */
export function decoderOf(encoding: string) {
  switch (encoding) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip()
    case 'deflate':
      return createInflate()
    case 'br':
      return createBrotliDecompress()
    default:
      return undefined
  }
}

/** A `Content-Encoding` header in lower case; undefined when the body is as it is. */
export function encodingOf(header: string | null | undefined): string | undefined {
  const encoding = header?.trim().toLowerCase() ?? ''
  return encoding === '' || encoding === 'identity' ? undefined : encoding
}
