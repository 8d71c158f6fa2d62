/** A line of a file. `text` is undefined where it is not UTF-8; `isEnded` is whether a line break ends it. */
export interface Line {
  readonly number: number
  readonly bytes: Uint8Array
  readonly text: string | undefined
  readonly isEnded: boolean
}

const LINE_BYTES_MAX = 256 * 1024 * 1024
const LINE_FEED = 10

/** Splits at line feeds only, because JSON text may contain other line separators. */
export async function* splitLines(chunks: AsyncIterable<Uint8Array | string>): AsyncGenerator<Line> {
  let pending: Buffer[] = []
  let pendingBytes = 0
  let number = 0
  const line = (isEnded: boolean): Line => {
    const bytes = Buffer.concat(pending)
    pending = []
    pendingBytes = 0
    number += 1
    return { number, bytes, text: textOf(bytes), isEnded }
  }
  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk)
    let start = 0
    for (let end = bytes.indexOf(LINE_FEED); end !== -1; end = bytes.indexOf(LINE_FEED, start)) {
      pending.push(bytes.subarray(start, end))
      start = end + 1
      yield line(true)
    }
    pending.push(bytes.subarray(start))
    pendingBytes += bytes.length - start
    if (pendingBytes > LINE_BYTES_MAX) throw new RangeError('A line of this file is longer than any of an export.')
  }
  if (pending.some(({ length }) => length > 0)) yield line(false)
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    // Safe because the caller reports the line as broken.
    return undefined
  }
}
