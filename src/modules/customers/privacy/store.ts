import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { statement, writing } from '#kernel/database/statement'
import { sql, sqlName } from '#kernel/database/sql'
import type { Sql } from '#kernel/database/sql'
import type { WriteCtx } from '#kernel/writes/change'

const contactEmails = statement(
  'customers.list-contact-emails',
  sql`select distinct lower(email) as email from customers.contacts
   where tenant_id = :tenant_id and email is not null and lower(email) > :after order by 1 limit :rows_max`,
  { params: { after: z.string(), rows_max: z.int() }, row: z.strictObject({ email: z.string() }) },
)

export async function listContactEmails(ctx: Ctx, after: string, rowsMax: number): Promise<readonly string[]> {
  return (await contactEmails(ctx, { after, rows_max: rowsMax })).map(({ email }) => email)
}

/** A statement that deletes at most `:rows_max` rows older than `:before` and returns their number. */
const deleting = (name: string, gone: Sql) =>
  writing(name, sql`with ${gone} select count(*) as deleted from gone`, {
    params: { before: z.date(), rows_max: z.int() },
    row: z.strictObject({ deleted: z.int() }),
  })

/**
 * Deletes events that both occurred and arrived before the limit: recently imported history is kept, however old its
 * events. Partitions that begin after the limit are not scanned.
 */
const deleteEvents = deleting(
  'customers.expire-usage-events',
  sql`expired as (
     select client_id, occurred_at, message_id from customers.usage_events
     where tenant_id = :tenant_id and occurred_at < :before::timestamptz and received_at < :before::timestamptz
     limit :rows_max
   ), gone as (
     delete from customers.usage_events e using expired x
     where e.tenant_id = :tenant_id and e.client_id = x.client_id and e.occurred_at = x.occurred_at
       and e.message_id = x.message_id and e.occurred_at < :before::timestamptz
     returning 1
   )`,
)

const deleteUnattributed = byAge(
  'customers.expire-unattributed-events',
  'customers.unattributed_events',
  sql`occurred_at < :before::timestamptz and received_at < :before::timestamptz`,
)

/** Deletes daily rollups, per person or per feature, whose day has no such events left. */
const deleteDaily = (name: string, table: string, column: string, ofEvent: Sql) =>
  deleting(
    name,
    sql`gone as (
       delete from ${sqlName(table)} where tenant_id = :tenant_id and ctid = any(array(
         select u.ctid from ${sqlName(table)} u
         where u.tenant_id = :tenant_id and u.day < (:before::timestamptz at time zone 'UTC')::date and not exists (
           select from customers.usage_events e
           where e.tenant_id = :tenant_id and e.client_id = u.client_id
             and e.occurred_at >= u.day::timestamp at time zone 'UTC'
             and e.occurred_at < (u.day + 1)::timestamp at time zone 'UTC' and ${ofEvent} = u.${sqlName(column)})
         limit :rows_max))
       returning 1
     )`,
  )

const deleteDailyUsers = deleteDaily(
  'customers.expire-daily-users',
  'customers.usage_daily_users',
  'user_id',
  sql`e.user_id`,
)

const deleteDailyFeatures = deleteDaily(
  'customers.expire-daily-features',
  'customers.usage_daily_features',
  'feature',
  sql`coalesce(e.feature, e.event_name)`,
)

/** Deletes expired events, then the daily rollups per person and feature; those per customer are kept. */
export async function expireUsageEvents(ctx: WriteCtx, before: Date, rowsMax: number): Promise<number> {
  const startOfDay = new Date(before)
  startOfDay.setUTCHours(0, 0, 0, 0)
  for (const remove of [deleteEvents, deleteUnattributed, deleteDailyUsers, deleteDailyFeatures]) {
    const deleted = await count(remove, ctx, startOfDay, rowsMax)
    if (deleted > 0) return deleted
  }
  return 0
}

/** A deletion from a table without partitions, whose rows `ctid` therefore identifies. */
function byAge(name: string, table: string, old: Sql) {
  return deleting(
    name,
    sql`gone as (
       delete from ${sqlName(table)} where tenant_id = :tenant_id and ctid = any(array(
         select ctid from ${sqlName(table)} where tenant_id = :tenant_id and ${old} limit :rows_max))
       returning 1
     )`,
  )
}

const deleteReceipts = byAge(
  'customers.expire-event-receipts',
  'customers.event_receipts',
  sql`received_at < :before::timestamptz`,
)

const deleteTickets = byAge(
  'customers.expire-tickets',
  'customers.tickets',
  sql`coalesce(closed_at, resolved_at) < :before::timestamptz and created_at < :before::timestamptz`,
)

const deleteAnswers = byAge(
  'customers.expire-survey-answers',
  'customers.survey_answers',
  sql`responded_at < :before::timestamptz and created_at < :before::timestamptz`,
)

const deleteCommunications = byAge(
  'customers.expire-communications',
  'customers.timeline_events',
  sql`occurred_at < :before::timestamptz and event_type = 'communication'`,
)

/** Deletes old message ids. A message whose id was deleted would be accepted again if resent. */
export const expireEventReceipts = (ctx: WriteCtx, before: Date, rowsMax: number) =>
  count(deleteReceipts, ctx, before, rowsMax)

/** Deletes old closed tickets; open ones are kept whatever their age. */
export const expireTickets = (ctx: WriteCtx, before: Date, rowsMax: number) =>
  count(deleteTickets, ctx, before, rowsMax)

export const expireSurveyAnswers = (ctx: WriteCtx, before: Date, rowsMax: number) =>
  count(deleteAnswers, ctx, before, rowsMax)

/** Deletes old calls, mails and meetings; other timeline entries are kept. */
export const expireCommunications = (ctx: WriteCtx, before: Date, rowsMax: number) =>
  count(deleteCommunications, ctx, before, rowsMax)

async function count(remove: typeof deleteEvents, ctx: WriteCtx, before: Date, rowsMax: number): Promise<number> {
  const [row] = await remove(ctx, { before, rows_max: rowsMax })
  return row?.deleted ?? 0
}
