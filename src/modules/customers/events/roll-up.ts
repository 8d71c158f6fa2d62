import { z } from 'zod'
import { change } from '#kernel/writes/change'
import type { Ctx } from '#kernel/context'
import { customerTags } from '../record/cache-tags.ts'
import { analyzeTables } from '../record/store/analyze-tables.ts'
import { attributeEvents, hasAttributableEvents, holdsEventsOf } from './store/held-events.ts'
import { hasDirtyDays, recomputeDays, takeDirtyDays } from './store/roll-up.ts'

const MARKS_PER_CHANGE_MAX = 10_000
const CHANGES_MAX = 1000
const ROLLUP_TABLES = ['customers.usage_daily', 'customers.usage_daily_features', 'customers.usage_daily_users']
const isPowerOfTwo = (count: number) => (count & (count - 1)) === 0

/**
 * Updates the daily rollups of one customer, or of all customers of the tenant. Only marked days are recomputed, each
 * from all of its events, so the result does not depend on the order of arrival. Returns the number of recomputed days.
 */
export async function rollUp(ctx: Ctx, { clientId }: { readonly clientId?: string } = {}): Promise<{ days: number }> {
  if (clientId === undefined) await attributeHeldEvents(ctx)
  let days = 0
  for (let done = 0; done < CHANGES_MAX && (await hasDirtyDays(ctx, clientId)); done++) {
    const counted = await rollUpSome(ctx, { clientId })
    days += counted.days
    // The remaining marks are locked by concurrent writers; the next run processes them.
    if (counted.marks < MARKS_PER_CHANGE_MAX) break
    // Whenever the rollups have about doubled.
    if (isPowerOfTwo(done + 1)) await analyzeTables(ctx, ROLLUP_TABLES)
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
 * Attributes events that arrived before their customer was known: for all customers, or for one registered under the id
 * that the events name. Marks their days for the next roll-up.
 */
export async function attributeHeldEvents(
  ctx: Ctx,
  { registered }: { readonly registered?: string } = {},
): Promise<void> {
  const found = registered === undefined ? await hasAttributableEvents(ctx) : await holdsEventsOf(ctx, registered)
  if (found) await attributeInChange(ctx, { groupId: registered })
}

const attributeInChange = change({
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

/**
 * The context of the roll-up of accepted events. Readers may trigger it, since it changes no facts; the audit trail
 * names the roll-up job.
 */
export function asRollUpJob(ctx: Ctx): Ctx {
  const actor = { kind: 'job' as const, id: 'customers.roll-up-usage' }
  return { ...ctx, actor, scopes: new Set(['customers:write'] as const) }
}
