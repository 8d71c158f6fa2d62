import { Temporal } from 'temporal-polyfill'

/** The default time zone. */
export const ZONE_DEFAULT = 'UTC'

/** True for an IANA time zone such as `Europe/Berlin`; an offset such as `+01:00` is not one. */
export function isZone(name: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(name)) return false
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name).timeZoneId !== ''
  } catch {
    // Safe to go on: the library throws a RangeError only for an unknown zone.
    return false
  }
}

/** Converts an instant to wall-clock time in the zone. */
export function inZone(instant: Date, zone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(instant.getTime()).toZonedDateTimeISO(zone)
}
