import { createHash } from 'node:crypto'

/** Size and hash of a stream that was read. */
export interface Measured {
  bytes: number
  sha256: Buffer
  /** The error thrown by the stream itself. */
  failure?: { readonly error: unknown }
}

/** Forwards a stream and measures it: `bytes` while reading, `sha256` at its end. `check` may throw at each step. */
export async function* measured(
  content: AsyncIterable<Uint8Array>,
  into: Measured,
  check: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  const hash = createHash('sha256')
  let isYielding = false
  try {
    for await (const part of content) {
      const buffer = Buffer.from(part.buffer, part.byteOffset, part.byteLength)
      if (buffer.length === 0) continue
      into.bytes += buffer.length
      check(into.bytes)
      hash.update(buffer)
      isYielding = true
      yield buffer
      isYielding = false
    }
  } catch (error) {
    // An error while yielding comes from the reader, not from the stream.
    if (!isYielding) into.failure = { error }
    throw error
  }
  into.sha256 = hash.digest()
}

/** Splits a stream into chunks of one size (the last may be smaller). Buffers one chunk. */
export async function* inChunks(content: AsyncIterable<Buffer>, size: number): AsyncGenerator<Buffer> {
  let held = Buffer.allocUnsafe(size)
  let length = 0
  for await (const part of content) {
    for (let from = 0; from < part.length; ) {
      const taken = part.copy(held, length, from, from + size - length)
      from += taken
      length += taken
      if (length < size) continue
      yield held
      // A new buffer: the reader may still be sending the last one.
      held = Buffer.allocUnsafe(size)
      length = 0
    }
  }
  if (length > 0) yield held.subarray(0, length)
}

/**
 * Forwards a stream until the signal is aborted or it yields nothing for `silence.seconds`, even if the source hangs.
 */
export async function* guarded<T>(
  content: AsyncIterable<T>,
  signal: AbortSignal,
  silence?: { readonly seconds: number; readonly error: () => Error },
): AsyncGenerator<T> {
  const source = content[Symbol.asyncIterator]()
  let isAtEnd = false
  try {
    for (;;) {
      const step = await settledOrStopped(source.next(), signal, silence)
      if (step.done === true) {
        isAtEnd = true
        return
      }
      yield step.value
    }
  } finally {
    // Not awaited: a source that hangs would block here.
    if (!isAtEnd) source.return?.().then(undefined, () => undefined)
  }
}

function settledOrStopped<T>(
  step: Promise<T>,
  signal: AbortSignal,
  silence: { readonly seconds: number; readonly error: () => Error } | undefined,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    const timer =
      silence === undefined ? undefined : setTimeout(() => reject(silence.error()), silence.seconds * 1000).unref()
    const settle = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    }
    step.then(resolve, reject).finally(settle)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
}

/**
 * Forwards a stream one part late, and throws `wrong()` before its end unless it has the expected length and, if given,
 * hash: a reader never takes a damaged stream for a complete one.
 */
export async function* verified(
  content: AsyncIterable<Buffer>,
  expected: { readonly bytes: number; readonly sha256?: Buffer },
  wrong: () => Error,
): AsyncGenerator<Buffer> {
  const seen: Measured = { bytes: 0, sha256: Buffer.alloc(0) }
  let held: Buffer | undefined
  const check = (bytes: number) => {
    if (bytes > expected.bytes) throw wrong()
  }
  for await (const part of measured(content, seen, check)) {
    if (held !== undefined) yield held
    held = part
  }
  if (seen.bytes !== expected.bytes) throw wrong()
  if (expected.sha256 !== undefined && !seen.sha256.equals(expected.sha256)) throw wrong()
  if (held !== undefined) yield held
}
