const DAY_MILLISECONDS = 86_400_000

/** The UTC day of an instant, `2026-11-20`. */
export function dayOf(instant: Date): string {
  return instant.toISOString().slice(0, 10)
}

/** `addDays('2026-11-20', -1)` is `2026-11-19`. */
export function addDays(day: string, days: number): string {
  return dayOf(new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MILLISECONDS))
}

/** Whole days from one day to another; negative when `to` is the earlier. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / DAY_MILLISECONDS)
}

/** The days until a date; null for null. */
export function daysUntil(day: string | null, now: Date): number | null {
  return day === null ? null : daysBetween(dayOf(now), day)
}
