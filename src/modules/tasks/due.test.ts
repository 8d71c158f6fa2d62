import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dueText, movedByDays, readDue } from './due.ts'

describe('a due date', () => {
  it.each([
    ['2026-11-21', 'Europe/Berlin', '2026-11-21', '2026-11-21T22:59:59.999Z'],
    ['2026-11-21T09:00', 'Europe/Berlin', '2026-11-21T09:00:00+01:00', '2026-11-21T08:00:00.000Z'],
    ['2026-11-21T09:00:30.9', 'UTC', '2026-11-21T09:00:30+00:00', '2026-11-21T09:00:30.000Z'],
    ['2026-11-21T09:00Z', 'Asia/Kolkata', '2026-11-21T14:30:00+05:30', '2026-11-21T09:00:00.000Z'],
    ['2026-11-21T01:00+09:00', 'America/New_York', '2026-11-20T11:00:00-05:00', '2026-11-20T16:00:00.000Z'],
    // The clocks of Berlin go from 2 to 3 on 29 March 2026, and from 3 to 2 on 25 October.
    ['2026-03-29T02:30', 'Europe/Berlin', '2026-03-29T03:30:00+02:00', '2026-03-29T01:30:00.000Z'],
    ['2026-10-25T02:30', 'Europe/Berlin', '2026-10-25T02:30:00+02:00', '2026-10-25T00:30:00.000Z'],
    // The clocks of Beirut went from midnight to 1 on 30 March 2025: the day began then.
    ['2025-03-30', 'Asia/Beirut', '2025-03-30', '2025-03-30T20:59:59.999Z'],
    ['2025-03-29', 'Asia/Beirut', '2025-03-29', '2025-03-29T21:59:59.999Z'],
  ])('%s in %s is %s', (text, zone, shown, instant) => {
    const due = readDue(text, zone)
    expect(due && dueText(due, zone)).toBe(shown)
    expect(due?.due_at.toISOString()).toBe(instant)
  })

  it.each([
    ...['', 'tomorrow', '2026-02-30', '2026-13-01', '2026-11-21T25:00', '2026-11-21 09:00', '21.11.2026', '1969-12-31'],
    ...['3000-01-01', '2026-11-21T09:00[Europe/Berlin]', '2026-11-21T09', '+002026-11-21', '2026-11-21T09:00+25:00'],
  ])('refuses %j', (text) => {
    expect(readDue(text, 'UTC')).toBeUndefined()
  })

  it('moved by days keeps its wall-clock time across clock changes', () => {
    const due = readDue('2026-10-20T09:00', 'Europe/Berlin')
    expect(due && dueText(movedByDays(due, 7), 'Europe/Berlin')).toBe('2026-10-27T09:00:00+01:00')
  })

  it('is parsed back to the same instant', () => {
    const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu')
    const instants = fc.date({ min: new Date('1971-01-01'), max: new Date('2900-01-01'), noInvalidDate: true })
    fc.assert(
      fc.property(instants, zones, zones, (instant, zone, shownIn) => {
        const due = readDue(instant.toISOString(), zone)
        const again = due && readDue(dueText(due, shownIn), zone)
        // The first of two times that a clock shows is meant, so of the second hour the first is kept.
        expect(Math.abs((again?.due_at.getTime() ?? 0) - instant.getTime())).toBeLessThan(3_601_000)
      }),
    )
  })
})
