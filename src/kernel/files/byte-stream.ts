import { createHash } from 'node:crypto'

/** What went through a stream. */
export interface Measured {
  bytes: number
  sha256: Buffer
  /** What the stream itself threw. */
  failure?: { readonly error: unknown }
}

/** Passes a stream on and measures it: `bytes` as it goes, `sha256` once it has ended. `check` may throw at each step. */
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
    // Thrown in by whoever reads, when it gives up.
    if (!isYielding) into.failure = { error }
    throw error
  }
  into.sha256 = hash.digest()
}

/** The same bytes in pieces of one size, the last excepted. Holds one piece. */
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
      // A new one: whoever took the last may still be sending it.
      held = Buffer.allocUnsafe(size)
      length = 0
    }
  }
  if (length > 0) yield held.subarray(0, length)
}

/**
 * Passes a stream on until the signal is aborted, or until it says nothing for `silentSeconds`, whatever the stream
 * itself does then. `silent` makes the error.
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
    // Not awaited: a source that hangs would hang here too.
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
 * Passes a stream on, a part behind, and throws `wrong()` unless it was this long and, when a hash is given, had it:
 * what is wrong never looks like the end.
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
