import { z } from 'zod'
import { change } from '#kernel/writes/change'
import type { Ctx } from '#kernel/context'
import { customerTags } from '../record/cache-tags.ts'
import { attributeEvents, hasAttributableEvents, holdsEventsOf } from './store/held-events.ts'
import { hasDirtyDays, recomputeDays, takeDirtyDays } from './store/roll-up.ts'

const MARKS_PER_CHANGE_MAX = 10_000
const CHANGES_MAX = 1000

/**
 * Brings the daily rollups up to date: of one customer, or of all of the tenant. Only days that were marked are counted
 * anew, each from all of its events, so the result does not depend on how, or in which order, these came.
 * Answers how many days were counted.
 */
export async function rollUp(ctx: Ctx, { clientId }: { readonly clientId?: string } = {}): Promise<{ days: number }> {
  if (clientId === undefined) await handOverEvents(ctx)
  let days = 0
  for (let done = 0; done < CHANGES_MAX && (await hasDirtyDays(ctx, clientId)); done++) {
    const counted = await rollUpSome(ctx, { clientId })
    days += counted.days
    // What is left is locked by writers at work; it is marked still, and comes next time.
    if (counted.marks < MARKS_PER_CHANGE_MAX) break
  }
  return { days }
}

const rollUpSome = change({
  action: 'customers.roll-up-usage',
  scope: 'customers:write',
  effect: 'update',
  input: z.strictObject({ clientId: z.string().optional() }),
  output: z.strictObject({ marks: z.int(), days: z.int() }),
  async work(ctx, { clientId }) {
    const marks = await takeDirtyDays(ctx, clientId, MARKS_PER_CHANGE_MAX)
    const days = [...new Map(marks.map((mark) => [`${mark.client_id} ${mark.day}`, mark])).values()]
    if (days.length > 0) await recomputeDays(ctx, days)
    return {
      result: { marks: marks.length, days: days.length },
      subject: clientId ?? 'usage',
      after: { days: days.length },
      invalidates: [customerTags.all],
    }
  },
})

/**
 * Hands over events that came before their customer was known: to every customer, or to one that was registered under
 * the id that the events name. Their days are marked for the next roll-up.
 */
export async function handOverEvents(ctx: Ctx, { registered }: { readonly registered?: string } = {}): Promise<void> {
  const found = registered === undefined ? await hasAttributableEvents(ctx) : await holdsEventsOf(ctx, registered)
  if (found) await attributeHeldEvents(ctx, { groupId: registered })
}

const attributeHeldEvents = change({
  action: 'customers.attribute-events',
  scope: 'customers:write',
  effect: 'update',
  input: z.strictObject({ groupId: z.string().optional() }),
  output: z.undefined(),
  async work(ctx, { groupId }) {
    const moved = await attributeEvents(ctx, groupId === undefined ? null : { groupIds: [groupId], userIds: [] })
    return { result: undefined, subject: groupId ?? 'events', after: { moved } }
  },
})
