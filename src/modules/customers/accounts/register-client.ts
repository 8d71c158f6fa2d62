import { change } from '#kernel/writes/change'
import { Failure } from '#kernel/failure'
import { newId } from '#kernel/ids'
import { customerEvents } from '../domain-events.ts'
import { addDays, dayOf, daysBetween, daysUntil } from '../record/days.ts'
import { toCents } from '../record/money.ts'
import { auditedRecord } from '../record/audited-record.ts'
import { customerTags } from '../record/cache-tags.ts'
import { clientRecord } from '../record/client-record.ts'
import { RegisterClientInput, RegisterClientOutput } from './contract.ts'
import { setPrimaryContact } from '../record/store/contacts.ts'
import type { PrimaryContact } from '../record/store/contacts.ts'
import { insertCustomer } from '../record/store/customers.ts'
import type { CustomerRow } from '../record/store/customers.ts'
import { recordStage } from '../record/store/stage-changes.ts'
import { addTimelineEvent } from '../record/store/timeline.ts'

const CONTRACT_DAYS_DEFAULT = 365

const NEXT_STEPS = [
  'track_usage_engagement with event_name records what they do in the product',
  'calculate_health_score once there are usage, tickets, surveys or payments',
  'update_client_info assigns a CSM (csm_assigned)',
]

/**
 * Registers a customer in the onboarding stage, whatever its dates; an ended contract is pointed out in the result. The
 * health score is null until there is data to compute it from.
 */
export const registerClient = change({
  action: 'customers.register',
  scope: 'customers:write',
  effect: 'create',
  input: RegisterClientInput,
  output: RegisterClientOutput,
  async work(ctx, input) {
    const now = ctx.clock()
    const start = input.contract_start_date ?? dayOf(now)
    const end = input.contract_end_date ?? addDays(start, CONTRACT_DAYS_DEFAULT)
    if (end <= start) throw endsBeforeStart(start)
    const row = await insertCustomer(ctx, {
      client_id: input.client_id ?? newId('cs', now),
      client_name: input.client_name,
      company_name: input.company_name ?? input.client_name,
      industry: input.industry,
      tier: input.tier,
      contract_value_cents: toCents(input.contract_value),
      contract_start_date: start,
      contract_end_date: end,
      seats: input.seats ?? null,
      primary_contact_email: input.primary_contact_email ?? null,
      primary_contact_name: input.primary_contact_name ?? null,
    })
    const contact =
      row.primary_contact_email === null ? NO_CONTACT : await setPrimaryContact(ctx, row.client_id, contactOf(row))
    await recordStage(ctx, row.client_id, { from: null, to: row.lifecycle_stage, reason: null, automated: false })
    await addTimelineEvent(ctx, row.client_id, {
      event_type: 'contract',
      category: 'registered',
      title: `${row.client_name} registered on the ${row.tier} plan`,
      impact: 'positive',
    })
    const record = clientRecord(row)
    return {
      result: {
        client_id: row.client_id,
        client_record: {
          ...record,
          active_users: null,
          feature_adoption_rate: null,
          support_tickets_open: 0,
          satisfaction_score: null,
        },
        summary: {
          tier: row.tier,
          contract_value: record.contract_value,
          contract_term_days: daysBetween(start, end),
          days_until_renewal: daysUntil(row.renewal_date, now),
          lifecycle_stage: row.lifecycle_stage,
        },
        next_steps: end < dayOf(now) ? [contractEnded(end), ...NEXT_STEPS] : NEXT_STEPS,
      },
      subject: row.client_id,
      after: auditedRecord(ctx, record, { clientId: row.client_id, contactId: contact.after }),
      events: [customerEvents.registered({ client_id: row.client_id })],
      invalidates: [customerTags.clients],
    }
  },
})

const NO_CONTACT: PrimaryContact = { before: null, after: null }

const contactOf = (row: CustomerRow) => ({ email: row.primary_contact_email, name: row.primary_contact_name })

const contractEnded = (end: string) =>
  `the contract ended on ${end}: update_client_info sets the contract_end_date it was renewed to, or the status churned`

function endsBeforeStart(start: string): Failure {
  return new Failure('invalid', 'The contract would end before it starts.', {
    code: 'INVALID_DATE',
    problems: [
      {
        path: 'contract_end_date',
        expected: `a date later than contract_start_date (${start})`,
        example: addDays(start, CONTRACT_DAYS_DEFAULT),
      },
    ],
  })
}
