import type { Ctx } from '#kernel/context'
import { statement } from '#kernel/database/statement'

const contactEmails = statement<{ email: string }>(
  'customers.list-contact-emails',
  `select distinct lower(email) as email from customers.contacts
   where tenant_id = $1 and email is not null and lower(email) > $2 order by 1 limit $3`,
)

export async function listContactEmails(ctx: Ctx, after: string, rowsMax: number): Promise<readonly string[]> {
  return (await contactEmails(ctx.db, [ctx.tenantId, after, rowsMax])).map(({ email }) => email)
}

interface Deleted {
  readonly deleted: number
}

/**
 * What came in later than the limit stays, however old it is: history that was imported today is not gone tomorrow.
 * Partitions that begin after the limit are not looked at.
 */
const deleteEvents = statement<Deleted>(
  'customers.expire-usage-events',
  `with expired as (
     select client_id, occurred_at, message_id from customers.usage_events
     where tenant_id = $1 and occurred_at < $2::timestamptz and received_at < $2::timestamptz limit $3
   ), gone as (
     delete from customers.usage_events e using expired x
     where e.tenant_id = $1 and e.client_id = x.client_id and e.occurred_at = x.occurred_at and e.message_id = x.message_id
       and e.occurred_at < $2::timestamptz
     returning 1
   )
   select count(*) as deleted from gone`,
)

const deleteUnattributed = statement<Deleted>(
  'customers.expire-unattributed-events',
  `with gone as (
     delete from customers.unattributed_events where tenant_id = $1 and message_id in (
       select message_id from customers.unattributed_events
       where tenant_id = $1 and occurred_at < $2::timestamptz and received_at < $2::timestamptz limit $3)
     returning 1
   )
   select count(*) as deleted from gone`,
)

const deleteDailyUsers = statement<Deleted>(
  'customers.expire-daily-users',
  `with expired as (
     select u.client_id, u.day, u.user_id from customers.usage_daily_users u
     where u.tenant_id = $1 and u.day < ($2::timestamptz at time zone 'UTC')::date and not exists (
       select from customers.usage_events e
       where e.tenant_id = $1 and e.client_id = u.client_id and e.occurred_at >= u.day::timestamp at time zone 'UTC'
         and e.occurred_at < (u.day + 1)::timestamp at time zone 'UTC' and e.user_id = u.user_id)
     limit $3
   ), gone as (
     delete from customers.usage_daily_users u using expired x
     where u.tenant_id = $1 and u.client_id = x.client_id and u.day = x.day and u.user_id = x.user_id
     returning 1
   )
   select count(*) as deleted from gone`,
)

/** Events, then the days of people that were added up from them; the days of customers stay. */
export async function expireUsageEvents(ctx: Ctx, before: Date, rowsMax: number): Promise<number> {
  const startOfDay = new Date(before)
  startOfDay.setUTCHours(0, 0, 0, 0)
  for (const remove of [deleteEvents, deleteUnattributed, deleteDailyUsers]) {
    const deleted = await count(remove, ctx, startOfDay, rowsMax)
    if (deleted > 0) return deleted
  }
  return 0
}

const byAge = (name: string, table: string, key: string, old: string) =>
  statement<Deleted>(
    name,
    `with gone as (
       delete from ${table} where (tenant_id, ${key}) in (
         select tenant_id, ${key} from ${table} where tenant_id = $1 and ${old} limit $3)
       returning 1
     )
     select count(*) as deleted from gone`,
  )

const deleteReceipts = byAge(
  'customers.expire-event-receipts',
  'customers.event_receipts',
  'message_id',
  'received_at < $2::timestamptz',
)

const deleteTickets = byAge(
  'customers.expire-tickets',
  'customers.tickets',
  'ticket_id',
  'coalesce(closed_at, resolved_at) < $2::timestamptz and created_at < $2::timestamptz',
)

const deleteAnswers = byAge(
  'customers.expire-survey-answers',
  'customers.survey_answers',
  'answer_id',
  'responded_at < $2::timestamptz and created_at < $2::timestamptz',
)

const deleteCommunications = byAge(
  'customers.expire-communications',
  'customers.timeline_events',
  'client_id, occurred_at, event_id',
  "occurred_at < $2::timestamptz and event_type = 'communication'",
)

/** A message whose receipt is gone would be taken again if it were sent again. */
export const expireEventReceipts = (ctx: Ctx, before: Date, rowsMax: number) =>
  count(deleteReceipts, ctx, before, rowsMax)

/** Of tickets that are over; an open one is kept however old it is. */
export const expireTickets = (ctx: Ctx, before: Date, rowsMax: number) => count(deleteTickets, ctx, before, rowsMax)

export const expireSurveyAnswers = (ctx: Ctx, before: Date, rowsMax: number) =>
  count(deleteAnswers, ctx, before, rowsMax)

/** Calls, mails and meetings; the rest of a customer's history stays. */
export const expireCommunications = (ctx: Ctx, before: Date, rowsMax: number) =>
  count(deleteCommunications, ctx, before, rowsMax)

async function count(remove: typeof deleteEvents, ctx: Ctx, before: Date, rowsMax: number): Promise<number> {
  const [row] = await remove(ctx.db, [ctx.tenantId, before, rowsMax])
  return row?.deleted ?? 0
}
