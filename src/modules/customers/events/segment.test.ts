import { describe, expect, it } from 'vitest'
import { readSegmentCall } from './segment.ts'

const now = new Date('2026-06-15T12:00:00.000Z')

function occurredAt(timestamp: unknown, sentAt?: unknown): unknown {
  const raw = { userId: 'u1', event: 'Opened', timestamp }
  const call = readSegmentCall('track', raw, { now, sentAt, newMessageId: () => 'msg_1' })
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
