import { Temporal } from 'temporal-polyfill'

/** Where nobody has said a zone. */
export const ZONE_DEFAULT = 'UTC'

/** Whether it is a zone of the IANA database, such as `Europe/Berlin`; an offset such as `+01:00` is not one. */
export function isZone(name: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/.test(name)) return false
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name).timeZoneId !== ''
  } catch {
    // Safe to go on: the library says in this way, and in no other, that there is no such zone.
    return false
  }
}

/** The instant on the wall clock of the zone. */
export function inZone(instant: Date, zone: string): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(instant.getTime()).toZonedDateTimeISO(zone)
}
