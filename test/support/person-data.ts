import type { TestDatabase } from './database.ts'

export interface TestPerson {
  readonly email: string
  readonly name: string
  readonly phone: string
  readonly userId: string
}

/**
 * Inserts a person into every table of the customers module that can hold one, and writes `mention` into the free text of
 * other rows. The customer must exist.
 */
export async function addPerson(
  { owner }: TestDatabase,
  tenantId: string,
  clientId: string,
  person: TestPerson,
  mention: string,
): Promise<void> {
  const { email, name, phone, userId } = person
  const traits = JSON.stringify({ email, firstName: name.split(' ')[0], name, phone, plan: 'pro' })
  const about = JSON.stringify({
    note: mention,
    list: [email.toUpperCase(), 7],
    phone: Number(phone.replaceAll(/\D/g, '')),
  })
  const at = '2026-11-10T10:00:00.123456Z'
  const key = [tenantId, clientId]
  const insert = (table: string, columns: string, values: readonly unknown[]) =>
    owner.query(
      `insert into customers.${table} (tenant_id, ${columns}) values ($1, ${values.map((_, at) => `$${at + 2}`).join(', ')})`,
      [tenantId, ...values],
    )
  await owner.query(
    `update customers.customers set primary_contact_email = $3, primary_contact_name = $4, csm_assigned = $4, attributes = $5
     where tenant_id = $1 and client_id = $2`,
    [...key, email, name, about],
  )
  const contact =
    'client_id, contact_id, email, name, title, is_champion, user_id, last_contacted_at, attributes, external_id'
  const ids = [clientId, `cnt_${userId}`, email, name, 'Countess', true, userId, at, traits, `crm:${email}`]
  await insert('contacts', contact, ids)
  await insert('tracked_users', 'user_id, client_id, traits', [userId, clientId, traits])
  await insert('same_users', 'user_id, other_id', [userId, `before-${userId}`])
  const event = 'client_id, occurred_at, message_id, event_name, user_id, session_id, feature, properties'
  const own = JSON.stringify({ error_count: 3, ip: '203.0.113.9', email })
  await insert('usage_events', event, [clientId, at, `m1-${email}`, 'login', userId, `s-${userId}`, 'reports', own])
  await insert('usage_events', event, [
    clientId,
    at,
    `m2-${clientId}`,
    `Invited ${email}`,
    'u-other',
    's-2',
    null,
    about,
  ])
  await insert('event_receipts', 'message_id', [`m1-${email}`])
  await insert('unattributed_events', 'message_id, user_id, occurred_at, event_name, properties', [
    ...[`m3-${clientId}`, userId, at, 'login', traits],
  ])
  const day = 'client_id, day, user_id, events'
  await insert('usage_daily_users', day, [clientId, '2026-11-10', userId, 1])
  const feature = 'client_id, day, feature, events, active_users'
  await insert('usage_daily_features', feature, [clientId, '2026-11-10', `Invited ${email}`, 1, 1])
  const ticket =
    'client_id, ticket_id, subject, description, requester_email, requester_name, assigned_agent, internal_notes, opened_at, attributes'
  await insert('tickets', ticket, [
    clientId,
    `t1-${clientId}`,
    'No login',
    mention,
    email,
    name,
    'Eve',
    mention,
    at,
    about,
  ])
  await insert('tickets', ticket, [clientId, `t2-${clientId}`, 'Other', 'words', null, null, name, mention, at, '{}'])
  const answer = 'client_id, answer_id, kind, score, respondent_email, respondent_name, comment, responded_at'
  await insert('survey_answers', answer, [clientId, `a-${clientId}`, 'nps', 9, email, name, mention, at])
  await insert('contracts', 'client_id, contract_id, contract_value_cents, start_date, signed_by, attributes', [
    ...[clientId, `k-${clientId}`, 100, '2026-01-01', name, about],
  ])
  await insert('payments', 'client_id, payment_id, amount_cents, due_on, attributes', [
    ...[clientId, `p-${clientId}`, 100, '2026-02-01', about],
  ])
  await insert(
    'timeline_events',
    'client_id, occurred_at, event_id, event_type, category, title, description, metadata',
    [...[clientId, at, `e-${clientId}`, 'communication', 'call', `Call with ${name}`, mention, about]],
  )
  await insert('lifecycle_history', 'client_id, changed_at, change_id, to_stage, reason, actor_kind, actor_id', [
    ...[clientId, at, `c-${clientId}`, 'active', mention, 'key', 'key_1'],
  ])
  await insert('segments', 'segment_id, segment_name, segment_type, criteria, customer_count, total_arr_cents', [
    ...[`g-${clientId}`, `Accounts of ${name}`, 'custom', about, 1, 100],
  ])
  await insert('milestones', 'client_id, framework, milestone_id, milestone_name, achieved_at, recorded_at, evidence', [
    ...[clientId, 'f', 'm', `${name} went live`, at, at, about],
  ])
}
