import { randomFillSync } from 'node:crypto'
import { ulid } from 'ulid'

/**
 * Makes a collision-free, time-ordered id such as `tkt_01jd3v9q8x…`: a prefix for the kind of thing, and a ULID (48
 * bits of milliseconds, 80 random bits; https://github.com/ulid/spec) in lower case.
 */
export function newId(prefix: string, now: Date): string {
  return `${prefix}_${ulid(now.getTime(), randomFraction).toLowerCase()}`
}

/**
 * Random bytes are drawn in bulk: the library draws each of an id's 16 in a call of its own, which costs 4 % of a
 * write.
 */
const drawn = new Uint8Array(1024)
let next = drawn.length

/** A number in [0, 1) from one random byte; the library uses five bits of it. */
function randomFraction(): number {
  if (next === drawn.length) {
    randomFillSync(drawn)
    next = 0
  }
  return (drawn[next++] ?? 0) / 256
}
