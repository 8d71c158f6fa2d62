import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readDue } from './due.ts'
import type { Due } from './due.ts'
import { relativeDue, viewedAt } from './relative-due.ts'

const NOW = new Date('2026-11-20T12:00:00Z')
const ZONE = 'Europe/Berlin'

function due(text: string, zone: string = ZONE): Due {
  const read = readDue(text, zone)
  if (read === undefined) throw new Error(`${text} is no due date`)
  return read
}

describe('a due date in words, on Friday 20 November at 13:00 in Berlin,', () => {
  it.each([
    ['2026-11-20', 'today', false],
    ['2026-11-21', 'tomorrow', false],
    ['2026-11-23', 'in 3 days (Mon)', false],
    ['2026-11-19', '1 day overdue', true],
    ['2026-11-18', '2 days overdue', true],
    ['2026-11-20T13:00', 'now', false],
    ['2026-11-20T13:00:59', 'now', false],
    ['2026-11-20T13:01', 'in 1 minute', false],
    ['2026-11-20T13:25', 'in 25 minutes', false],
    ['2026-11-20T17:00', 'today 17:00', false],
    ['2026-11-21T09:00', 'tomorrow 09:00', false],
    ['2026-11-23T09:00', 'in 3 days (Mon 09:00)', false],
    ['2026-11-20T12:59', '1 minute overdue', true],
    ['2026-11-20T10:00', '3 hours overdue', true],
    ['2026-11-19T23:00', '14 hours overdue', true],
    ['2026-11-18T09:00', '2 days overdue', true],
  ])('%s is %j', (text, words, overdue) => {
    expect(relativeDue(due(text), false, viewedAt(NOW, ZONE))).toEqual({ words, overdue })
  })

  it('of a completed task says when it was due, and is not overdue', () => {
    expect(relativeDue(due('2026-11-18'), true, viewedAt(NOW, ZONE))).toEqual({
      words: 'was due 2 days ago',
      overdue: false,
    })
    expect(relativeDue(due('2026-11-21'), true, viewedAt(NOW, ZONE))).toEqual({ words: 'tomorrow', overdue: false })
  })

  it('is a day overdue after 24 hours, even within a 25-hour day', () => {
    const late = new Date('2026-10-25T22:55:00Z')
    expect(relativeDue(due('2026-10-25T00:10'), false, viewedAt(late, ZONE)).words).toBe('1 day overdue')
  })

  it('without a time is judged by the day in the viewer’s zone', () => {
    const day = due('2026-11-20')
    const lateInBerlin = new Date('2026-11-20T23:30:00Z')
    expect(relativeDue(day, false, viewedAt(lateInBerlin, 'Europe/Berlin'))).toEqual({
      words: '1 day overdue',
      overdue: true,
    })
    expect(relativeDue(day, false, viewedAt(lateInBerlin, 'America/New_York'))).toEqual({
      words: 'today',
      overdue: false,
    })
  })
})

describe('for every date, time and zone,', () => {
  const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Pacific/Apia', 'Asia/Kathmandu')
  const instants = fc.date({ min: new Date('2020-01-01'), max: new Date('2040-01-01'), noInvalidDate: true })
  const kinds = fc.boolean()
  const dueDates = fc
    .tuple(instants, zones, kinds)
    .map(([at, zone, timed]) => due(timed ? at.toISOString() : at.toISOString().slice(0, 10), zone))

  it('the words say overdue exactly when the task is overdue', () => {
    fc.assert(
      fc.property(dueDates, instants, zones, kinds, (given, now, zone, completed) => {
        const { words, overdue } = relativeDue(given, completed, viewedAt(now, zone))
        expect(words.endsWith(' overdue')).toBe(overdue)
        expect(overdue && completed).toBe(false)
        expect(words).not.toMatch(/undefined|NaN|-\d|\b0 [mhd]|^in 1 day/)
      }),
    )
  })

  it('an overdue task stays overdue as time passes', () => {
    fc.assert(
      fc.property(dueDates, instants, fc.nat(1e9), zones, (given, now, milliseconds, zone) => {
        const later = new Date(now.getTime() + milliseconds)
        const isNow = relativeDue(given, false, viewedAt(now, zone)).overdue
        expect(isNow && !relativeDue(given, false, viewedAt(later, zone)).overdue).toBe(false)
      }),
    )
  })
})
