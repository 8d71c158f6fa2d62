import type { Clock } from '../clock.ts'
import type { AuditEvent, DatedEvent } from './event.ts'

/** A buffer of audit events; equal ones are merged. */
export interface WaitingEvents {
  readonly size: number
  /** Returns false when the buffer is full. */
  add(event: AuditEvent, clock: Clock): boolean
  /** Removes and returns the oldest. */
  take(max: number): readonly NotedEvent[]
  /** Puts unwritten events back, before the others. */
  putBack(events: readonly NotedEvent[]): void
}

/** A buffered event, and how often it occurred. */
export interface NotedEvent {
  readonly key: string
  readonly event: DatedEvent
  times: number
  readonly requestIds: string[]
}

const REQUEST_IDS_MAX = 20

export function waitingEvents(max: number): WaitingEvents {
  let waiting = new Map<string, NotedEvent>()
  let distinct = 0
  const merge = (into: NotedEvent, times: number, requestIds: readonly string[]): void => {
    into.times += times
    into.requestIds.push(...requestIds.slice(0, REQUEST_IDS_MAX - into.requestIds.length))
  }
  return {
    get size() {
      return waiting.size
    },
    add(event, clock) {
      const key = event.before === undefined && event.after === undefined ? likeness(event) : `#${++distinct}`
      const alike = waiting.get(key)
      if (alike !== undefined) {
        alike.times += 1
        if (alike.requestIds.length < REQUEST_IDS_MAX) alike.requestIds.push(event.requestId)
        return true
      }
      if (waiting.size >= max) return false
      waiting.set(key, { key, event: { ...event, at: clock() }, times: 1, requestIds: [event.requestId] })
      return true
    },
    take(count) {
      const taken: NotedEvent[] = []
      for (const noted of waiting.values()) {
        if (taken.length === count) break
        taken.push(noted)
      }
      for (const { key } of taken) waiting.delete(key)
      return taken
    },
    putBack(events) {
      const later = waiting
      waiting = new Map(events.map((noted) => [noted.key, noted]))
      for (const noted of later.values()) {
        const alike = waiting.get(noted.key)
        if (alike === undefined) waiting.set(noted.key, noted)
        else merge(alike, noted.times, noted.requestIds)
      }
    },
  }
}

/** The event as stored: one that occurred more than once holds the number and the request ids. */
export function asEvent({ event, times, requestIds }: NotedEvent): DatedEvent {
  return times === 1 ? event : { ...event, after: { times, request_ids: requestIds } }
}

/** The merge key of events without `before` and `after`. */
function likeness({ tenantId, actor, action, subject, outcome }: AuditEvent): string {
  return `${tenantId}\n${actor.kind}:${actor.id}\n${action}\n${subject}\n${outcome}`
}
