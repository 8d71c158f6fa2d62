import { randomFillSync } from 'node:crypto'
import { ulid } from 'ulid'

/**
 * A collision-free, time-ordered id such as `tkt_01jd3v9q8x…`: the prefix says what it names, the rest is a ULID
 * (48 bits of milliseconds, 80 random bits; https://github.com/ulid/spec) in lower case.
 */
export function newId(prefix: string, now: Date): string {
  return `${prefix}_${ulid(now.getTime(), randomFraction).toLowerCase()}`
}

/** Random bytes are drawn in bulk: the library alone draws each of an id's 16 by a call of its own, 4 % of a write. */
const drawn = new Uint8Array(1024)
let next = drawn.length

/** A number from 0 to below 1 of one random byte, which the library makes five bits of. */
function randomFraction(): number {
  if (next === drawn.length) {
    randomFillSync(drawn)
    next = 0
  }
  return (drawn[next++] ?? 0) / 256
}
