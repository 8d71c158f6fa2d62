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
/** A night's work for one tenant; the rest is done the next night. */
const BATCHES_MAX = 2000
const DAY_MILLISECONDS = 86_400_000

/** How long each category is kept. */
export const retentionRules = (holders: Holders) =>
  query({
    scope: 'privacy:read',
    input: z.strictObject({}),
    output: z.object({ rules: z.array(RetentionRule) }),
    async run(ctx) {
      const rules = await listRules(ctx)
      return {
        rules: expiring(holders).map(({ describe, retention: { category, defaultDays } }) => ({
          category,
          holds: describe,
          days: rules.has(category) ? (rules.get(category) ?? null) : defaultDays,
          default_days: defaultDays,
        })),
      }
    },
  })

/** Sets days by category; null keeps for ever. Throws `invalid` for a category that nothing is held under. */
export const setRetention = (holders: Holders) =>
  change({
    action: 'privacy.set-retention',
    scope: 'privacy:write',
    effect: 'update',
    input: RetentionInput,
    output: z.object(RetentionInput.shape),
    async work(ctx, { rules }) {
      const known = expiring(holders).map(({ retention }) => retention.category)
      const unknown = Object.keys(rules).filter((category) => !known.includes(category))
      if (unknown.length > 0) {
        throw new Failure('invalid', 'Nothing is held under these categories.', {
          problems: unknown.map((category) => ({ path: `rules.${category}`, expected: `one of ${known.join(', ')}` })),
        })
      }
      const before = Object.fromEntries(await listRules(ctx))
      for (const [category, days] of Object.entries(rules)) await saveRule(ctx, category, days)
      return { result: { rules }, subject: 'retention', before, after: rules }
    },
  })

const Expired = z.record(z.string(), z.int())
/** Rows deleted, by category. */
type Expired = z.output<typeof Expired>

/**
 * Deletes what has passed its time, a batch of every category a transaction, each category until it has no more; how many
 * rows of each. Previews that nobody confirmed forget whom they were of.
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
      // To look again for what is not there can cost a read of the whole table.
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
      for (const { retention } of expiring(holders)) {
        const limit = before[retention.category]
        if (limit !== undefined) rows[retention.category] = await retention.expire(ctx, limit, ROWS_MAX)
      }
      return { result: rows, subject: 'retention', after: rows }
    },
  })

/** Up to when each category is deleted; those that are kept for ever are not among them. */
async function limitsOf(ctx: Ctx, holders: Holders): Promise<Record<string, Date>> {
  const rules = await listRules(ctx)
  return Object.fromEntries(
    expiring(holders).flatMap(({ retention: { category, defaultDays } }) => {
      const days = rules.has(category) ? (rules.get(category) ?? null) : defaultDays
      return days === null ? [] : [[category, new Date(ctx.clock().getTime() - days * DAY_MILLISECONDS)]]
    }),
  )
}

type Expiring = PersonalData & Required<Pick<PersonalData, 'retention'>>

const expiring = (holders: Holders) => holders().filter((holder): holder is Expiring => holder.retention !== undefined)
