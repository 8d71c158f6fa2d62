import type { Clock } from '#kernel/clock'

/** 2026-11-20T12:00:00Z unless told otherwise; it stands still until `at` moves it. */
export function testClock(start = new Date('2026-11-20T12:00:00Z')): Clock & { at(instant: Date): void } {
  let now = start
  const clock = () => new Date(now)
  return Object.assign(clock, {
    at: (instant: Date) => {
      now = instant
    },
  })
}
