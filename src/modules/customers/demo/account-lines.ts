import { addDays } from '../record/days.ts'
import { dayBefore } from './company.ts'
import type { DemoCompany, DemoCustomer, Story } from './company.ts'
import { csvLine } from './csv-line.ts'
import { seededRandom } from './random.ts'
import type { Random } from './random.ts'

export function* customerLines(company: DemoCompany): Generator<string> {
  const random = seededRandom(company.seed + 1)
  yield [
    ...['client_id,client_name,company_name,industry,tier,lifecycle_stage,status,contract_value,contract_start_date'],
    ...['contract_end_date,renewal_date,seats,primary_contact_email,primary_contact_name,csm_assigned'],
    ...['last_engagement_at,churned_on'],
  ].join(',')
  for (const customer of company.customers) {
    const [contact] = customer.people
    const { start, end } = currentTerm(company, customer)
    const hasChurned = customer.story === 'churned'
    yield csvLine([
      ...[customer.clientId, customer.name, `${customer.name} Ltd`, customer.industry, customer.tier, stage(customer)],
      ...[hasChurned ? 'churned' : 'active', customer.annualValue, start, end, hasChurned ? null : end],
      ...[customer.people.length + random.between(0, 6), contact.email, contact.name, customer.csm],
      ...[lastContact(company, random, customer), hasChurned ? dayBefore(company, 40) : null],
    ])
  }
}

export function* contactLines(company: DemoCompany): Generator<string> {
  const random = seededRandom(company.seed + 2)
  yield 'contact_id,client_id,email,name,title,is_primary,is_champion,user_id,last_contacted_at'
  for (const customer of company.customers) {
    const titles = ['Head of Operations', 'Product Manager', 'Analyst', 'Team Lead', 'IT Administrator'] as const
    for (const [index, person] of customer.people.slice(0, 4).entries()) {
      const at = lastContact(company, random, customer)
      yield csvLine([
        ...[`con_${person.userId}`, customer.clientId, person.email, person.name, random.pick(titles), index === 0],
        ...[index === 1 && customer.story === 'champion', person.userId, at],
      ])
    }
  }
}

export function* contractLines(company: DemoCompany): Generator<string> {
  yield 'contract_id,client_id,contract_type,billing_frequency,contract_value,start_date,end_date,renewal_date,auto_renew,payment_status,included_users,tier'
  for (const customer of company.customers) {
    const { start, end } = currentTerm(company, customer)
    yield csvLine([
      ...[`CNT-${customer.clientId}`, customer.clientId, 'annual', 'monthly', customer.annualValue, start, end, end],
      ...[customer.story !== 'quietly_leaving', paymentStatus(customer)],
      ...[customer.people.length + 5, customer.tier],
    ])
  }
}

/**
 * Monthly invoices of the last half year. Customers of the story `unpaid` stopped paying two invoices ago; those of
 * `struggling` pay late.
 */
export function* paymentLines(company: DemoCompany): Generator<string> {
  const random = seededRandom(company.seed + 3)
  yield 'payment_id,client_id,contract_id,amount,due_on,paid_on,status'
  for (const customer of company.customers) {
    for (let month = 5; month >= 0; month--) {
      const daysAgo = 8 + month * 30
      if (daysAgo > customer.ageDays || (customer.story === 'churned' && daysAgo < 40)) continue
      const due = dayBefore(company, daysAgo)
      const isOpen = (customer.story === 'unpaid' && month < 2) || (customer.story === 'churned' && month < 3)
      const lateDays = customer.story === 'struggling' ? random.between(0, 7) : random.between(-3, 2)
      yield csvLine([
        ...[`PAY-${customer.clientId}-${due}`, customer.clientId, `CNT-${customer.clientId}`],
        ...[(customer.annualValue / 12).toFixed(2), due, isOpen ? null : addDays(due, lateDays)],
        isOpen ? (month === 1 ? 'failed' : 'pending') : 'paid',
      ])
    }
  }
}

/** The yearly contract term that covers today: from the last anniversary to the day before the next. */
function currentTerm(company: DemoCompany, customer: DemoCustomer): { start: string; end: string } {
  const since = dayBefore(company, customer.ageDays)
  const years = Math.floor(customer.ageDays / 365)
  return { start: since, end: addDays(since, (years + 1) * 365) }
}

function stage({ story }: DemoCustomer): string {
  if (story === 'too_new') return 'onboarding'
  if (story === 'churned') return 'churned'
  return story === 'growing' ? 'expansion' : 'active'
}

/**
 * The payment status; null while no invoice has been due, as there is no evidence yet. Also null for customers who
 * stopped paying: their invoices show since when, whereas a status would apply to the weeks before as well.
 */
function paymentStatus({ story }: DemoCustomer): string | null {
  return story === 'too_new' || story === 'unpaid' ? null : 'current'
}

/** The day of the last contact; null for new customers, who have had none. */
function lastContact(company: DemoCompany, random: Random, { story, ageDays }: DemoCustomer): string | null {
  if (story === 'too_new') return null
  const [min, max] = SILENCE_DAYS[story] ?? [1, 24]
  return `${dayBefore(company, Math.min(ageDays, random.between(min, max)))}T10:00:00Z`
}

const SILENCE_DAYS: Readonly<Partial<Record<Story, readonly [number, number]>>> = {
  quietly_leaving: [38, 75],
  churned: [60, 90],
  champion: [1, 6],
}
