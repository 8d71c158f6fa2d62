import { addDays } from '../record/days.ts'
import { dayBefore, DEMO_DAYS } from './company.ts'
import type { DemoCompany, DemoCustomer, DemoPerson } from './company.ts'
import { csvLine } from './csv-line.ts'
import { seededRandom } from './random.ts'

export function* customerLines(company: DemoCompany): Generator<string> {
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
      ...[customer.seats, contact.email, contact.name, customer.csm],
      ...[lastCall(company, customer), hasChurned ? dayBefore(company, 40) : null],
    ])
  }
}

export function* contactLines(company: DemoCompany): Generator<string> {
  const random = seededRandom(company.seed + 2)
  yield 'contact_id,client_id,email,name,title,is_primary,is_champion,user_id,last_contacted_at'
  for (const customer of company.customers) {
    const titles = ['Head of Operations', 'Product Manager', 'Analyst', 'Team Lead', 'IT Administrator'] as const
    for (const [index, person] of customer.people.slice(0, 4).entries()) {
      yield csvLine([
        ...[`con_${person.userId}`, customer.clientId, person.email, person.name, random.pick(titles), index === 0],
        ...[index === 1 && customer.story === 'champion', person.userId, lastCall(company, customer, person)],
      ])
    }
  }
}

export function* contractLines(company: DemoCompany): Generator<string> {
  yield 'contract_id,client_id,contract_type,billing_frequency,contract_value,start_date,end_date,renewal_date,auto_renew,payment_status,included_users,tier'
  for (const customer of company.customers) {
    const { start, end } = currentTerm(company, customer)
    yield csvLine([
      ...[`CNT-${customer.clientId}`, customer.clientId, 'annual', customer.billing, customer.annualValue],
      ...[start, end, end],
      ...[customer.story !== 'quietly_leaving', paymentStatus(customer)],
      ...[customer.seats, customer.tier],
    ])
  }
}

/** The months that an invoice covers. */
const MONTHS = { monthly: 1, quarterly: 3, annual: 12 } as const

/**
 * The invoices of the last half year, or the last one before it. Each customer pays on a day of its own: a few days early or
 * late. Customers of the story `unpaid` have stopped: their card failed, and the invoice after it is open. `struggling`
 * ones hold their money back for weeks; a part of an invoice was refunded to some.
 */
export function* paymentLines(company: DemoCompany): Generator<string> {
  const random = seededRandom(company.seed + 3)
  yield 'payment_id,client_id,contract_id,amount,due_on,paid_on,status'
  for (const customer of company.customers) {
    const months = MONTHS[customer.billing]
    const habit = customer.story === 'struggling' ? random.between(4, 18) : random.pick([-4, -1, 0, 0, 2, 5])
    const hasStopped = customer.story === 'unpaid' || customer.story === 'churned'
    // Whoever has stopped was asked for money lately, or nothing would show it.
    const newest = hasStopped ? random.between(16, 30) : random.between(3, months * 30 - 2)
    for (let number = 0; number === 0 || newest + number * months * 30 < DEMO_DAYS; number++) {
      const daysAgo = newest + number * months * 30
      if (daysAgo > customer.ageDays || (customer.story === 'churned' && daysAgo < 40)) continue
      const due = dayBefore(company, daysAgo)
      const paidAgo = daysAgo - habit - random.between(-1, 2)
      const isOpen = (hasStopped && number < 2) || paidAgo < 0
      const isRefunded = customer.story === 'struggling' && number > 0 && random.chance(0.15)
      yield csvLine([
        ...[`PAY-${customer.clientId}-${due}`, customer.clientId, `CNT-${customer.clientId}`],
        ...[((customer.annualValue * months) / 12).toFixed(2), due, isOpen ? null : dayBefore(company, paidAgo)],
        isOpen ? (number === 1 ? 'failed' : 'pending') : isRefunded ? 'refunded' : 'paid',
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

/** The time of the last call with a customer, or with one of its people; null if there was none. */
function lastCall(company: DemoCompany, { calls }: DemoCustomer, person?: DemoPerson): string | null {
  const last = calls.find((call) => person === undefined || call.with === person)
  return last === undefined ? null : `${dayBefore(company, last.daysAgo)}T10:00:00Z`
}
