import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'

/**
 * The decompressor of a `Content-Encoding` (RFC 9110, 8.4.1), given in lower case; undefined if it is not supported.
 */
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

/** A `Content-Encoding` header in lower case; undefined when the body is not encoded. */
export function encodingOf(header: string | null | undefined): string | undefined {
  const encoding = header?.trim().toLowerCase() ?? ''
  return encoding === '' || encoding === 'identity' ? undefined : encoding
}
