import { z } from 'zod'
import { operation } from '#kernel/calls/operation'
import { newId } from '#kernel/ids'
import { change } from '#kernel/writes/change'
import { clientNotFound } from '../record/client-not-found.ts'
import { storableJson } from './storable-json.ts'
import { ensurePartitions, receiveMessages, saveEvents } from './store/events.ts'
import { findCustomersOfGroups } from './store/people.ts'

/**
 * A usage event recorded by a tool call. Defaults: `occurredAt` is now; `messageId` is generated, so that the event
 * always counts.
 */
const NewEvent = z.strictObject({
  clientId: z.string(),
  eventName: z.string(),
  properties: z.record(z.string(), z.unknown()).optional(),
  userId: z.string().optional(),
  occurredAt: z.date().optional(),
  messageId: z.string().optional(),
})

/** `isNew` is false if the message id was known; nothing was added then. */
const RecordedEvent = z.strictObject({ messageId: z.string(), occurredAt: z.string(), isNew: z.boolean() })

const storeEvent = change({
  action: 'customers.record-event',
  scope: 'customers:write',
  effect: 'create',
  input: NewEvent,
  output: RecordedEvent,
  async work(ctx, input) {
    const known = await findCustomersOfGroups(ctx, [input.clientId])
    if (known.get(input.clientId) !== input.clientId) throw clientNotFound(input.clientId)
    const now = ctx.clock()
    const messageId = input.messageId ?? newId('evt', now)
    const occurredAt = (input.occurredAt ?? now).toISOString()
    const isNew = (await receiveMessages(ctx, [messageId])) === 'all'
    if (isNew) {
      const properties = input.properties ?? {}
      const event = {
        kind: 'event' as const,
        messageId,
        occurredAt,
        name: input.eventName,
        userId: input.userId ?? null,
        groupId: null,
        sessionId: null,
        isError: properties['is_error'] === true,
        feature: typeof properties['feature'] === 'string' ? properties['feature'].replaceAll('\0', '') : null,
        durationSeconds: typeof properties['duration_seconds'] === 'number' ? properties['duration_seconds'] : null,
        propertiesJson: input.properties === undefined ? null : storableJson(properties),
      }
      await saveEvents(ctx, 'tool', [{ event, clientId: input.clientId }], { allNew: false })
    }
    const result = { messageId, occurredAt, isNew }
    return { result, subject: input.clientId, after: { event: input.eventName, ...result } }
  },
})

/**
 * Stores one usage event of a customer and marks its day for the next roll-up. Throws `not_found` for a customer the
 * tenant does not have.
 */
export const recordEvent = operation({
  scope: 'customers:write',
  effect: 'create',
  input: NewEvent,
  output: RecordedEvent,
  calls: [storeEvent],
  async run(ctx, event) {
    await ensurePartitions(ctx, [(event.occurredAt ?? ctx.clock()).toISOString()])
    return storeEvent(ctx, event)
  },
})
