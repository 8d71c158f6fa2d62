import { change } from '#kernel/writes/single-change'
import type { Ctx } from '#kernel/context'
import { Failure } from '#kernel/failure'
import type { PersonalData } from '#kernel/personal-data'
import { requireScope } from '#kernel/writes/scope'
import type { RetentionRule } from './contract.ts'
import type { Holders } from './identify-person.ts'
import { expireRequests } from './store/requests.ts'
import { listRules, saveRule } from './store/retention.ts'

const ROWS_MAX = 5000
/** A night's work for one tenant; the rest is done the next night. */
const BATCHES_MAX = 2000
const DAY_MILLISECONDS = 86_400_000

/** How long each category is kept. */
export function retentionRules(holders: Holders) {
  return async (ctx: Ctx): Promise<RetentionRule[]> => {
    requireScope(ctx, 'privacy:read')
    const rules = await listRules(ctx)
    return expiring(holders).map(({ describe, retention: { category, defaultDays } }) => ({
      category,
      holds: describe,
      days: rules.has(category) ? (rules.get(category) ?? null) : defaultDays,
      default_days: defaultDays,
    }))
  }
}

/** Sets days by category; null keeps for ever. Throws `invalid` for a category that nothing is held under. */
export const setRetention = (holders: Holders) =>
  change<Readonly<Record<string, number | null>>, void>(
    'privacy.set-retention',
    'privacy:write',
    async (ctx, rules) => {
      const known = expiring(holders).map(({ retention }) => retention.category)
      const unknown = Object.keys(rules).filter((category) => !known.includes(category))
      if (unknown.length > 0) {
        throw new Failure('invalid', 'Nothing is held under these categories.', {
          problems: unknown.map((category) => ({ path: `rules.${category}`, expected: `one of ${known.join(', ')}` })),
        })
      }
      const before = Object.fromEntries(await listRules(ctx))
      for (const [category, days] of Object.entries(rules)) await saveRule(ctx, category, days)
      return { result: undefined, subject: 'retention', before, after: rules }
    },
  )

/**
 * Deletes what has passed its time, a batch of every category a transaction, each category until it has no more; how many
 * rows of each. Previews that nobody confirmed forget whom they were of.
 */
export function expirePersonalData(holders: Holders) {
  const expire = change<Limits, Readonly<Record<string, number>>>(
    'privacy.expire',
    'privacy:write',
    async (ctx, limits) => {
      const rows: Record<string, number> = { privacy_requests: await expireRequests(ctx) }
      for (const [{ retention }, before] of limits) {
        rows[retention.category] = await retention.expire(ctx, before, ROWS_MAX)
      }
      return { result: rows, subject: 'retention', after: rows }
    },
  )
  return async (ctx: Ctx): Promise<Readonly<Record<string, number>>> => {
    let limits = await limitsOf(ctx, expiring(holders))
    const deleted: Record<string, number> = {}
    for (let batch = 0; batch === 0 || (limits.size > 0 && batch < BATCHES_MAX); batch++) {
      ctx.signal.throwIfAborted()
      const rows = await expire(ctx, limits)
      for (const [category, count] of Object.entries(rows)) deleted[category] = (deleted[category] ?? 0) + count
      // To look again for what is not there can cost a read of the whole table.
      limits = new Map([...limits].filter(([{ retention }]) => (rows[retention.category] ?? 0) > 0))
    }
    return deleted
  }
}

type Limits = ReadonlyMap<Expiring, Date>

/** Up to when each holder keeps what it has; those that keep for ever are not among them. */
async function limitsOf(ctx: Ctx, holders: readonly Expiring[]): Promise<Limits> {
  const rules = await listRules(ctx)
  return new Map(
    holders.flatMap((holder) => {
      const { category, defaultDays } = holder.retention
      const days = rules.has(category) ? (rules.get(category) ?? null) : defaultDays
      return days === null ? [] : [[holder, new Date(ctx.clock().getTime() - days * DAY_MILLISECONDS)] as const]
    }),
  )
}

type Expiring = PersonalData & Required<Pick<PersonalData, 'retention'>>

const expiring = (holders: Holders) => holders().filter((holder): holder is Expiring => holder.retention !== undefined)
