/** Remembers which texts were seen, in bounded memory. */
export interface SeenValues {
  /** True when the text was added before. */
  seenBefore(text: string): boolean
  /** False once `valuesMax` texts were remembered: from there on only repeats of those are noticed. */
  readonly isComplete: boolean
}

/** 4 million texts take 64 MiB; the chance that any two share their 53-bit hash is then about 1 in 1,100. */
const VALUES_MAX = 4_000_000
const SLOTS_AT_FIRST = 1 << 12
const EMPTY = -1

/** An open-addressed table of 53-bit hashes, kept at most half full. */
export function seenValues(valuesMax: number = VALUES_MAX): SeenValues {
  let slots = new Float64Array(SLOTS_AT_FIRST).fill(EMPTY)
  let size = 0
  let isComplete = true

  const slotOf = (table: Float64Array, hash: number) => {
    let slot = hash % table.length
    while (table[slot] !== EMPTY && table[slot] !== hash) slot = (slot + 1) % table.length
    return slot
  }
  const grow = () => {
    const larger = new Float64Array(slots.length * 2).fill(EMPTY)
    for (const hash of slots) if (hash !== EMPTY) larger[slotOf(larger, hash)] = hash
    slots = larger
  }
  return {
    seenBefore(text) {
      const hash = hash53(text)
      const slot = slotOf(slots, hash)
      if (slots[slot] === hash) return true
      if (size >= valuesMax) {
        isComplete = false
        return false
      }
      slots[slot] = hash
      size++
      if (size * 2 > slots.length) grow()
      return false
    },
    get isComplete() {
      return isComplete
    },
  }
}

/** cyrb53 (bryc, public domain): a fast 53-bit hash for tables, not for secrets. */
function hash53(text: string): number {
  let high = 0xdeadbeef
  let low = 0x41c6ce57
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    high = Math.imul(high ^ code, 2654435761)
    low = Math.imul(low ^ code, 1597334677)
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909)
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909)
  return 4294967296 * (2097151 & low) + (high >>> 0)
}
