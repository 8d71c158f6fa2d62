import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clockSkew } from './event-time.ts'
import { readSegmentCall } from './segment.ts'
import type { SegmentType } from './segment.ts'

const now = new Date('2026-06-15T12:00:00.000Z')

function occurredAt(timestamp: unknown, sentAt?: unknown): unknown {
  const raw = { userId: 'u1', event: 'Opened', timestamp }
  const received = { now, skewMilliseconds: clockSkew(now, sentAt), newMessageId: () => 'msg_1' }
  const call = readSegmentCall('track', raw, received)
  return Array.isArray(call) ? 'refused' : call.kind === 'event' && call.occurredAt
}

describe('the time of a call', () => {
  it.each([
    ['2026-06-15T11:59:59.123Z', '2026-06-15T11:59:59.123Z'],
    ['2026-06-15T13:59:59.123+02:00', '2026-06-15T11:59:59.123Z'],
    ['2026-06-15T11:59:59Z', '2026-06-15T11:59:59.000Z'],
    [Date.UTC(2026, 5, 1), '2026-06-01T00:00:00.000Z'],
    ['2026-01-31T10:00:00.000Z', '2026-01-31T10:00:00.000Z'],
    ['2024-02-29T10:00:00Z', '2024-02-29T10:00:00.000Z'],
    ['2026-06-15', '2026-06-15T00:00:00.000Z'],
    ['2026-06-15T11:59', '2026-06-15T11:59:00.000Z'],
    ['2026-06-15 11:59:59', '2026-06-15T11:59:59.000Z'],
    ['2026-06-15T11:59:59.123456789Z', '2026-06-15T11:59:59.123Z'],
    ['2026-06-15T13:59:59+0200', '2026-06-15T11:59:59.000Z'],
    ['2026-06-15T13:59:59+02', '2026-06-15T11:59:59.000Z'],
  ])('%s is %s, UTC, to the millisecond', (timestamp, expected) => {
    expect(occurredAt(timestamp)).toBe(expected)
  })

  it('is corrected when the sender’s clock is off by more than a minute', () => {
    expect(occurredAt('2026-06-15T08:00:00.000Z', '2026-06-15T09:00:00.000Z')).toBe('2026-06-15T11:00:00.000Z')
    expect(occurredAt('2026-06-15T11:00:00.000Z', '2026-06-15T11:59:30.000Z')).toBe('2026-06-15T11:00:00.000Z')
  })

  it('is not corrected when the sender’s clock shows an invalid date', () => {
    expect(occurredAt('2026-06-15T08:00:00.000Z', '2026-05-32T09:00:00Z')).toBe('2026-06-15T08:00:00.000Z')
    expect(occurredAt('2026-06-15T08:00:00.000Z', '2026-02-30T09:00:00Z')).toBe('2026-06-15T08:00:00.000Z')
  })

  it.each([
    'yesterday',
    '1999-12-31T23:59:59.999Z',
    '2026-06-17T12:00:00.000Z',
    '',
    '2026-02-30T00:00:00Z',
    '2026-02-30T10:00:00.000Z',
    '2025-02-29',
    '2026-04-31',
    '2026-00-10',
    '2026-06-00',
    '2026-06-10T24:30:00Z',
    '2026-06-10T12:00:00+99:00',
    'Nov 20 2025',
    '1/2/2026',
    '2026',
  ])('%s is refused', (timestamp) => {
    expect(occurredAt(timestamp)).toBe('refused')
  })

  it('that is refused names the field, the expected value and an example', () => {
    const raw = { userId: 'u1', event: 'Opened', timestamp: '2026-02-30T00:00:00Z' }
    expect(readSegmentCall('track', raw, { now, skewMilliseconds: 0, newMessageId: () => 'msg_1' })).toEqual([
      {
        path: 'timestamp',
        expected: 'a valid ISO 8601 time from 2000 to one day ahead',
        example: '2026-06-15T12:00:00.000Z',
      },
    ])
  })
})

describe('a call in the format of the libraries', () => {
  const received = { now, skewMilliseconds: 0, newMessageId: () => 'msg_1' }
  const types: SegmentType[] = ['track', 'page', 'screen', 'identify', 'group', 'alias']
  const text = fc.oneof(fc.string({ maxLength: 3 }), fc.constantFrom('u1', 'a\0b', 'x'.repeat(200), 'x'.repeat(201)))
  const scalar = fc.oneof(text, fc.constantFrom(null, undefined, 0, 7, true))
  const bag = fc.oneof(
    fc.dictionary(fc.constantFrom('feature', 'duration', 'error', 'session_id'), scalar),
    scalar,
    fc.array(text),
  )
  const time = fc.oneof(fc.constantFrom('2026-06-15T11:00:00.000Z', '2026-06-15', 'never'), scalar)
  const field = {
    messageId: scalar,
    userId: scalar,
    anonymousId: scalar,
    timestamp: time,
    sentAt: time,
    context: fc.oneof(fc.record({ groupId: scalar, sessionId: scalar }, { requiredKeys: [] }), scalar),
    event: scalar,
    name: scalar,
    groupId: scalar,
    previousId: scalar,
    properties: bag,
    traits: bag,
  }

  it('is parsed the same without the schema as with it', () => {
    fc.assert(
      fc.property(fc.constantFrom(...types), fc.record(field, { requiredKeys: [] }), (type, raw) => {
        // The shortcut takes plain objects only, the schema any.
        const ofSomeClass: unknown = Object.assign(Object.create({}), raw)
        expect(readSegmentCall(type, raw, received)).toEqual(readSegmentCall(type, ofSomeClass, received))
      }),
      { numRuns: 2000 },
    )
  })
})
