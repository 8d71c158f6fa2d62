import { Temporal } from 'temporal-polyfill'

export const UNITS = ['seconds', 'minutes', 'hours', 'days', 'weeks', 'months', 'years'] as const
export type Unit = (typeof UNITS)[number]

/** Units of less than a day, which a date does not have. */
export const UNITS_OF_A_DAY: readonly Unit[] = ['seconds', 'minutes', 'hours']

/** How long a unit is in seconds; months and years have no fixed length. */
export const UNIT_SECONDS: Readonly<Partial<Record<Unit, number>>> = {
  seconds: 1,
  minutes: 60,
  hours: 3600,
  days: 86_400,
  weeks: 7 * 86_400,
}

/** Adds whole days, weeks, months or years to a date such as `2025-01-31`; a month later is its last day, if shorter. */
export function shiftDate(date: string, amount: number, unit: Unit): string {
  return Temporal.PlainDate.from(date)
    .add({ [unit]: amount })
    .toString()
}

/** Adds an amount to an instant in ISO text, in UTC; months and years are whole. */
export function shiftInstant(instant: string, amount: number, unit: Unit): string {
  const seconds = UNIT_SECONDS[unit]
  const start = Temporal.Instant.from(instant)
  const shifted =
    seconds === undefined
      ? start
          .toZonedDateTimeISO('UTC')
          .add({ [unit]: amount })
          .toInstant()
      : start.add({ milliseconds: Math.round(amount * seconds * 1000) })
  return new Date(shifted.epochMilliseconds).toISOString()
}
