import { hash } from 'node:crypto'

/** A set of texts that were seen, in bounded memory. */
export interface SeenValues {
  /** True when the text was added before. */
  seenBefore(text: string): boolean
  has(text: string): boolean
  /** False once `valuesMax` texts were remembered: from there on only repeats of those are noticed. */
  readonly isComplete: boolean
}

/** A million keys of 36 characters take 78 MB, so many 310 MB. */
const VALUES_MAX = 4_000_000
/** Longer texts are kept as their SHA-256, which is shorter. */
const CHARACTERS_MAX = 64

export function seenValues(valuesMax: number = VALUES_MAX): SeenValues {
  const seen = new Set<string>()
  let isComplete = true
  return {
    has: (text) => seen.has(keptText(text)),
    seenBefore(text) {
      const kept = keptText(text)
      if (seen.has(kept)) return true
      if (seen.size < valuesMax) seen.add(kept)
      else isComplete = false
      return false
    },
    get isComplete() {
      return isComplete
    },
  }
}

function keptText(text: string): string {
  return text.length > CHARACTERS_MAX ? hash('sha256', text, 'base64') : text
}
