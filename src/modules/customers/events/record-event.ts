import { change } from '#kernel/writes/single-change'
import type { Ctx } from '#kernel/context'
import { newId } from '#kernel/ids'
import { requireScope } from '#kernel/writes/scope'
import { clientNotFound } from '../record/client-not-found.ts'
import { storableJson } from './storable-json.ts'
import { ensurePartitions, receiveMessages, saveEvents } from './store/events.ts'
import { findCustomersOfGroups } from './store/people.ts'

/** One event told by hand. Absent: `occurredAt` is now, `messageId` is made up, so that the event always counts. */
export interface RecordEvent {
  readonly clientId: string
  readonly eventName: string
  readonly properties?: Readonly<Record<string, unknown>>
  readonly userId?: string
  readonly occurredAt?: Date
  readonly messageId?: string
}

export interface RecordedEvent {
  readonly messageId: string
  readonly occurredAt: string
  /** False: a message of this id was taken before, and nothing was added. */
  readonly isNew: boolean
}

/**
 * Stores one usage event of a customer and marks its day for the next roll-up. Throws `not_found` for a customer the
 * tenant does not have.
 */
export async function recordEvent(ctx: Ctx, input: RecordEvent): Promise<RecordedEvent> {
  requireScope(ctx, 'customers:write')
  await ensurePartitions(ctx, [(input.occurredAt ?? ctx.clock()).toISOString()])
  return storeEvent(ctx, input)
}

const storeEvent = change<RecordEvent, RecordedEvent>(
  'customers.record-event',
  'customers:write',
  async (ctx, input) => {
    const known = await findCustomersOfGroups(ctx, [input.clientId])
    if (known.get(input.clientId) !== input.clientId) throw clientNotFound(input.clientId)
    const now = ctx.clock()
    const messageId = input.messageId ?? newId('evt', now)
    const occurredAt = (input.occurredAt ?? now).toISOString()
    const isNew = (await receiveMessages(ctx, [messageId])) === 'all'
    if (isNew) {
      const properties = input.properties ?? {}
      const event = {
        ...{ kind: 'event' as const, messageId, occurredAt, name: input.eventName, userId: input.userId ?? null },
        ...{ groupId: null, sessionId: null, isError: properties['is_error'] === true },
        feature: typeof properties['feature'] === 'string' ? properties['feature'].replaceAll('\0', '') : null,
        durationSeconds: typeof properties['duration_seconds'] === 'number' ? properties['duration_seconds'] : null,
        propertiesJson: input.properties === undefined ? null : storableJson(properties),
      }
      await saveEvents(ctx, 'tool', [{ event, clientId: input.clientId }], { allNew: false })
    }
    const result = { messageId, occurredAt, isNew }
    return { result, subject: input.clientId, after: { event: input.eventName, ...result } }
  },
)
