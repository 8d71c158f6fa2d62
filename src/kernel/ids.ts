import { ulid } from 'ulid'

/**
 * A collision-free, time-ordered id such as `tkt_01jd3v9q8x…`: the prefix says what it names, the rest is a ULID
 * (48 bits of milliseconds, 80 random bits; https://github.com/ulid/spec) in lower case.
 */
export function newId(prefix: string, now: Date): string {
  return `${prefix}_${ulid(now.getTime()).toLowerCase()}`
}
