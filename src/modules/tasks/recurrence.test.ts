import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Temporal } from 'temporal-polyfill'
import { dueText, readDue } from './due.ts'
import type { Due } from './due.ts'
import { firstOccurrence, nextOccurrence, readRule } from './recurrence.ts'
import type { Series } from './recurrence.ts'

const BERLIN = 'Europe/Berlin'

function due(text: string, zone: string): Due {
  const read = readDue(text, zone)
  if (read === undefined) throw new Error(`${text} is no due date`)
  return read
}

const starting = (recurrence: string, at: Due): Series => ({
  recurrence,
  series_on: at.due_on,
  series_time: at.due_time,
})

/** The due dates that come of completing each occurrence on its day. */
function occurrences(recurrence: string, from: string, zone: string, count: number): string[] {
  let at: Due | undefined = due(from, zone)
  const series = starting(recurrence, at)
  const found: string[] = []
  while (at !== undefined && found.length < count) {
    found.push(dueText(at, zone))
    at = nextOccurrence(series, at, at.due_at)?.due
  }
  return found
}

describe('a recurring task', () => {
  it.each([
    ['FREQ=DAILY;COUNT=3', '2026-11-20', ['2026-11-20', '2026-11-21', '2026-11-22']],
    ['FREQ=DAILY;UNTIL=20261121', '2026-11-20', ['2026-11-20', '2026-11-21']],
    ['FREQ=WEEKLY;BYDAY=MO,TH', '2026-11-23', ['2026-11-23', '2026-11-26', '2026-11-30']],
    ['FREQ=WEEKLY;INTERVAL=2', '2026-11-20', ['2026-11-20', '2026-12-04', '2026-12-18']],
    ['FREQ=MONTHLY;BYDAY=-1FR', '2026-11-27', ['2026-11-27', '2026-12-25', '2027-01-29']],
    // RFC 5545, 3.3.10: a day that a month lacks is left out.
    ['FREQ=MONTHLY', '2026-12-31', ['2026-12-31', '2027-01-31', '2027-03-31']],
    ['FREQ=YEARLY', '2024-02-29', ['2024-02-29', '2028-02-29', '2032-02-29']],
    // The first due date counts, whether it is one of the rule's days or not.
    ['FREQ=WEEKLY;BYDAY=MO;COUNT=2', '2026-11-20', ['2026-11-20', '2026-11-23']],
  ])('by %s from %s occurs on %j', (rule, from, days) => {
    expect(occurrences(rule, from, BERLIN, 3)).toEqual(days)
  })

  it('keeps its wall-clock time across clock changes, and skips no day', () => {
    expect(occurrences('FREQ=DAILY', '2026-03-28T02:30', BERLIN, 3)).toEqual([
      '2026-03-28T02:30:00+01:00',
      '2026-03-29T03:30:00+02:00',
      '2026-03-30T02:30:00+02:00',
    ])
    expect(occurrences('FREQ=WEEKLY', '2026-10-20T09:00', BERLIN, 2)).toEqual([
      '2026-10-20T09:00:00+02:00',
      '2026-10-27T09:00:00+01:00',
    ])
  })

  it('skips and counts missed occurrences, but not one that is due today', () => {
    const at = due('2026-11-15', BERLIN)
    const now = new Date('2026-11-20T12:00:00Z')
    const next = nextOccurrence(starting('FREQ=DAILY', at), at, now)
    expect(next).toMatchObject({ due: { due_on: '2026-11-20' }, skipped: 4 })
    const morning = due('2026-11-15T08:00', BERLIN)
    expect(nextOccurrence(starting('FREQ=DAILY', morning), morning, now)).toMatchObject({
      due: { due_on: '2026-11-21' },
      skipped: 5,
    })
  })

  it('counts skipped occurrences towards COUNT, and ends after it', () => {
    const at = due('2026-11-15', BERLIN)
    expect(nextOccurrence(starting('FREQ=DAILY;COUNT=3', at), at, new Date('2026-11-20T12:00:00Z'))).toBeUndefined()
  })

  it('finds the next occurrence after decades, and counts at most a year of missed ones', () => {
    const at = due('1980-01-01', BERLIN)
    const next = nextOccurrence(starting('FREQ=DAILY', at), at, new Date('2026-11-20T12:00:00Z'))
    expect(next).toMatchObject({ due: { due_on: '2026-11-20' }, skipped: 366 })
  })

  it('moved to another day continues by its rule, in the same phase', () => {
    const first = due('2026-11-20', BERLIN)
    const moved = due('2026-11-25', BERLIN)
    const next = nextOccurrence(starting('FREQ=WEEKLY;INTERVAL=2', first), moved, new Date('2026-11-25T12:00:00Z'))
    expect(next?.due.due_on).toBe('2026-12-04')
  })

  it('UNTIL in UTC ends the series at that instant in the zone of the task', () => {
    const rule = 'FREQ=DAILY;UNTIL=20261121T070000Z'
    expect(occurrences(rule, '2026-11-20T08:00', BERLIN, 5)).toHaveLength(2)
    expect(occurrences(rule, '2026-11-20T08:01', BERLIN, 5)).toHaveLength(1)
  })

  it('without a due date begins on the first day of its rule from today', () => {
    expect(firstOccurrence('FREQ=WEEKLY;BYDAY=MO', '2026-11-20', BERLIN)?.due_on).toBe('2026-11-23')
    expect(firstOccurrence('FREQ=DAILY', '2026-11-20', BERLIN)?.due_on).toBe('2026-11-20')
    expect(firstOccurrence('FREQ=DAILY;UNTIL=20200101', '2026-11-20', BERLIN)).toBeUndefined()
  })
})

describe('a rule', () => {
  it.each(['freq=weekly;byday=mo', 'RRULE:FREQ=WEEKLY;BYDAY=MO', ' FREQ=WEEKLY;BYDAY=MO '])(
    'is accepted in the form %j',
    (text) => {
      expect(readRule(text)).toEqual({ rule: 'FREQ=WEEKLY;BYDAY=MO' })
    },
  )

  it.each([
    ...['', 'every day', 'FREQ=HOURLY', 'FREQ=SECONDLY;COUNT=5', 'FREQ=DAILY;BYHOUR=9', 'FREQ=DAILY;FREQ=DAILY'],
    ...['FREQ=DAILY;COUNT=2;UNTIL=20270101', 'FREQ=DAILY;COUNT=0', 'FREQ=DAILY;INTERVAL=0', 'FREQ=DAILY;COUNT=1001'],
    ...['FREQ=WEEKLY;BYDAY=XX', 'FREQ=WEEKLY;BYDAY=1MO', 'FREQ=DAILY;UNTIL=20261341', 'FREQ=DAILY;UNTIL=soon'],
    ...['FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30', 'FREQ=MONTHLY;BYMONTHDAY=99', 'FREQ=DAILY;RSCALE=CHINESE'],
    ...[
      'DTSTART:20260101\nRRULE:FREQ=DAILY',
      'FREQ=DAILY\nEXDATE:20260101',
      `FREQ=DAILY;BYMONTHDAY=${'1,'.repeat(200)}1`,
    ],
  ])('refuses %j', (text) => {
    expect(readRule(text)).toHaveProperty('problem')
  })
})

describe('for every rule, zone and delay, the next occurrence', () => {
  const zones = fc.constantFrom('UTC', BERLIN, 'America/New_York', 'Australia/Lord_Howe', 'Asia/Beirut', 'Pacific/Apia')
  const days = fc.constantFrom('MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU')
  const rules = fc.oneof(
    fc.integer({ min: 1, max: 40 }).map((interval) => `FREQ=DAILY;INTERVAL=${interval}`),
    fc.uniqueArray(days, { minLength: 1 }).map((list) => `FREQ=WEEKLY;BYDAY=${list.join(',')}`),
    fc.integer({ min: 1, max: 31 }).map((day) => `FREQ=MONTHLY;BYMONTHDAY=${day}`),
    days.map((day) => `FREQ=MONTHLY;BYDAY=-1${day}`),
    fc.constant('FREQ=YEARLY'),
  )
  const dates = fc.date({ min: new Date('2015-01-01'), max: new Date('2035-01-01'), noInvalidDate: true })
  const dueDates = fc
    .tuple(dates, zones, fc.boolean())
    .map(([at, zone, timed]) => due(timed ? at.toISOString() : at.toISOString().slice(0, 10), zone))
  const delays = fc.integer({ min: -30, max: 800 }).map((count) => count * 86_400_000)

  it('is later than the previous one, and never in the past', () => {
    fc.assert(
      fc.property(rules, dueDates, delays, (rule, at, delay) => {
        const now = new Date(at.due_at.getTime() + delay)
        const next = nextOccurrence(starting(rule, at), at, now)
        expect(next?.due.due_at.getTime()).toBeGreaterThan(at.due_at.getTime())
        expect(next?.due.due_at.getTime()).toBeGreaterThanOrEqual(now.getTime())
        expect(next?.skipped).toBeGreaterThanOrEqual(0)
      }),
      { numRuns: 100 },
    )
  })

  it('has the time of day of the series start, unless a clock change skips that time', () => {
    fc.assert(
      fc.property(rules, dueDates, delays, (rule, at, delay) => {
        const next = nextOccurrence(starting(rule, at), at, new Date(at.due_at.getTime() + delay))
        if (next === undefined) throw new Error('the series is over')
        if (at.due_time === null) {
          expect(next.due.due_time).toBeNull()
          return
        }
        const wall = Temporal.PlainDateTime.from(`${next.due.due_on}T${at.due_time}`)
        const zoned = wall.toZonedDateTime(at.time_zone)
        expect(next.due.due_at.getTime()).toBe(zoned.epochMilliseconds)
      }),
      { numRuns: 100 },
    )
  })

  it('is the same from every point of the series', () => {
    fc.assert(
      fc.property(rules, dueDates, (rule, at) => {
        const series = starting(rule, at)
        const second = nextOccurrence(series, at, at.due_at)
        const third = second && nextOccurrence(series, second.due, second.due.due_at)
        const skipping = third && nextOccurrence(series, at, new Date(third.due.due_at.getTime()))
        expect(skipping?.due).toEqual(third?.due)
      }),
    )
  })
})
