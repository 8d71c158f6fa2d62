import { z } from 'zod'
import { query } from '#kernel/calls/operation'
import type { Ctx } from '#kernel/context'
import { Failure } from '#kernel/failure'
import type { PersonalData } from '#kernel/personal-data'
import { change } from '#kernel/writes/change'
import { RetentionInput, RetentionRule } from './contract.ts'
import type { Holders } from './identify-person.ts'
import { expireRequests } from './store/requests.ts'
import { listRules, saveRule } from './store/retention.ts'

const ROWS_MAX = 5000
/** The most batches of one run for a tenant; the next night's run deletes the rest. */
const BATCHES_MAX = 2000
const DAY_MILLISECONDS = 86_400_000

/** The retention rule of each category. */
export const retentionRules = (holders: Holders) =>
  query({
    scope: 'privacy:read',
    input: z.strictObject({}),
    output: z.object({ rules: z.array(RetentionRule) }),
    async run(ctx) {
      const rules = await listRules(ctx)
      return {
        rules: withRetention(holders).map(({ describe, retention: { category, defaultDays } }) => ({
          category,
          holds: describe,
          days: rules.has(category) ? (rules.get(category) ?? null) : defaultDays,
          default_days: defaultDays,
        })),
      }
    },
  })

/** Sets the days of retention by category; null keeps forever. Throws `invalid` for an unknown category. */
export const setRetention = (holders: Holders) =>
  change({
    action: 'privacy.set-retention',
    scope: 'privacy:write',
    effect: 'update',
    input: RetentionInput,
    output: z.object(RetentionInput.shape),
    async work(ctx, { rules }) {
      const known = withRetention(holders).map(({ retention }) => retention.category)
      const unknown = Object.keys(rules).filter((category) => !known.includes(category))
      if (unknown.length > 0) {
        throw new Failure('invalid', 'These retention categories do not exist.', {
          problems: unknown.map((category) => ({ path: `rules.${category}`, expected: `one of ${known.join(', ')}` })),
        })
      }
      const before = Object.fromEntries(await listRules(ctx))
      for (const [category, days] of Object.entries(rules)) await saveRule(ctx, category, days)
      return { result: { rules }, subject: 'retention', before, after: rules }
    },
  })

const Expired = z.record(z.string(), z.int())
/** The number of deleted rows by category. */
type Expired = z.output<typeof Expired>

/**
 * Deletes personal data that is older than its retention rule allows. Each transaction deletes a batch of every category
 * that has more. Also deletes the subject of expired previews. Returns the number of rows by category.
 */
export function expirePersonalData(holders: Holders) {
  const expire = expireBatch(holders)
  return async (ctx: Ctx): Promise<Expired> => {
    let before = await limitsOf(ctx, holders)
    const deleted: Expired = {}
    for (let batch = 0; batch === 0 || (Object.keys(before).length > 0 && batch < BATCHES_MAX); batch++) {
      ctx.signal.throwIfAborted()
      const rows = await expire(ctx, { before })
      for (const [category, count] of Object.entries(rows)) deleted[category] = (deleted[category] ?? 0) + count
      // A category without rows to delete is not searched again, because that can read its whole table.
      before = Object.fromEntries(Object.entries(before).filter(([category]) => (rows[category] ?? 0) > 0))
    }
    return deleted
  }
}

const expireBatch = (holders: Holders) =>
  change({
    action: 'privacy.expire',
    scope: 'privacy:write',
    effect: 'destroy',
    input: z.strictObject({ before: z.record(z.string(), z.date()) }),
    output: Expired,
    async work(ctx, { before }) {
      const rows: Expired = { privacy_requests: await expireRequests(ctx) }
      for (const { retention } of withRetention(holders)) {
        const limit = before[retention.category]
        if (limit !== undefined) rows[retention.category] = await retention.expire(ctx, limit, ROWS_MAX)
      }
      return { result: rows, subject: 'retention', after: rows }
    },
  })

/** The time before which each category is deleted, without categories that are kept forever. */
async function limitsOf(ctx: Ctx, holders: Holders): Promise<Record<string, Date>> {
  const rules = await listRules(ctx)
  return Object.fromEntries(
    withRetention(holders).flatMap(({ retention: { category, defaultDays } }) => {
      const days = rules.has(category) ? (rules.get(category) ?? null) : defaultDays
      return days === null ? [] : [[category, new Date(ctx.clock().getTime() - days * DAY_MILLISECONDS)]]
    }),
  )
}

type WithRetention = PersonalData & Required<Pick<PersonalData, 'retention'>>

const withRetention = (holders: Holders) =>
  holders().filter((holder): holder is WithRetention => holder.retention !== undefined)
