import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { clockSkew, readSegmentCall } from './segment.ts'
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
    // A day that no calendar has is read as the runtime reads it, never handed to the database as it is.
    ['2026-02-30T10:00:00.000Z', new Date('2026-02-30T10:00:00.000Z').toISOString()],
  ])('%s is %s, UTC, to the millisecond', (timestamp, expected) => {
    expect(occurredAt(timestamp)).toBe(expected)
  })

  it('is corrected by the sender’s clock when that is off by more than a minute', () => {
    expect(occurredAt('2026-06-15T08:00:00.000Z', '2026-06-15T09:00:00.000Z')).toBe('2026-06-15T11:00:00.000Z')
    expect(occurredAt('2026-06-15T11:00:00.000Z', '2026-06-15T11:59:30.000Z')).toBe('2026-06-15T11:00:00.000Z')
  })

  it.each(['yesterday', '1999-12-31T23:59:59.999Z', '2026-06-17T12:00:00.000Z', ''])('%s is refused', (timestamp) => {
    expect(occurredAt(timestamp)).toBe('refused')
  })
})

describe('a call that is as the libraries send it', () => {
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

  it('is read without the schema just as with it', () => {
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
