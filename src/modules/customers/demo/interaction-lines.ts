import { activity, dayBefore, DEMO_DAYS } from './company.ts'
import type { DemoCompany, DemoCustomer, Story } from './company.ts'
import { csvLine } from './csv-line.ts'
import { seededRandom } from './random.ts'

/** The approximate number of tickets in half a year, for ten users. */
const TICKETS: Readonly<Record<Story, number>> = {
  steady: 3,
  growing: 4,
  champion: 2,
  quietly_leaving: 2,
  struggling: 11,
  unpaid: 4,
  churned: 6,
  too_new: 0,
}

const SUBJECTS = [
  ['Export stops at 10,000 rows', 'bug_report'],
  ['How do we share a dashboard?', 'how_to_question'],
  ['Slow report at the end of the month', 'performance'],
  ['Invoice shows the wrong address', 'account_billing'],
  ['Sync with our CRM fails', 'integration_support'],
  ['Please add weekly digests', 'feature_request'],
] as const

export function* ticketLines(company: DemoCompany): Generator<string> {
  const random = seededRandom(company.seed + 4)
  yield 'ticket_id,client_id,subject,priority,category,status,requester_email,requester_name,opened_at,first_response_at,resolved_at,closed_at,satisfaction_rating,escalated'
  for (const customer of company.customers) {
    const tickets = Math.round(TICKETS[customer.story] * (0.5 + random.next()))
    for (let number = 1; number <= tickets; number++) {
      const daysAgo = random.between(1, Math.min(DEMO_DAYS, customer.ageDays))
      const isUpset = customer.story === 'struggling'
      const isOpen = daysAgo < 21 && random.chance(isUpset ? 0.7 : 0.25)
      const [subject, category] = random.pick(SUBJECTS)
      const opened = Date.parse(`${dayBefore(company, daysAgo)}T09:00:00Z`)
      const answered = opened + random.between(5, isUpset ? 600 : 90) * 60_000
      const solved = Math.min(
        answered + random.between(1, isUpset ? 90 : 30) * 3_600_000,
        Date.parse(`${company.today}T00:00:00Z`),
      )
      const rating = isOpen || random.chance(0.5) ? null : isUpset ? random.between(1, 3) : random.between(3, 5)
      yield csvLine([
        ...[`TKT-${customer.clientId}-${number}`, customer.clientId, subject],
        ...[isUpset ? random.pick(['P0', 'P1', 'P1', 'P2']) : random.pick(['P2', 'P3', 'P3', 'P4']), category],
        ...[isOpen ? 'open' : 'closed', customer.people[0].email, customer.people[0].name, iso(opened), iso(answered)],
        ...[isOpen ? null : iso(Math.max(answered, solved)), isOpen ? null : iso(Math.max(answered, solved)), rating],
        isUpset && random.chance(0.3),
      ])
    }
  }
}

/** Quarterly NPS answers of some users as CSV. New customers have not been surveyed yet. */
export function* surveyLines(company: DemoCompany): Generator<string> {
  const random = seededRandom(company.seed + 5)
  yield 'answer_id,client_id,kind,score,survey_id,respondent_email,comment,responded_at'
  for (const customer of company.customers) {
    if (customer.story === 'too_new') continue
    for (const daysAgo of [150, 84, 18]) {
      if (daysAgo > customer.ageDays || (customer.story === 'churned' && daysAgo < 60)) continue
      for (const person of customer.people.slice(0, 3)) {
        if (!random.chance(customer.story === 'quietly_leaving' && daysAgo < 30 ? 0.15 : 0.45)) continue
        const score = npsScore(customer, daysAgo, random.normal(0, 1.2))
        yield csvLine([
          ...[`NPS-${person.userId}-${dayBefore(company, daysAgo)}`, customer.clientId, 'nps', score, 'quarterly-nps'],
          ...[person.email, comment(score), `${dayBefore(company, daysAgo)}T11:00:00Z`],
        ])
      }
    }
  }
}

export function* timelineLines(company: DemoCompany): Generator<string> {
  const random = seededRandom(company.seed + 6)
  yield 'event_id,client_id,occurred_at,event_type,category,title,impact,severity'
  for (const customer of company.customers) {
    const since = dayBefore(company, customer.ageDays)
    const row = (id: string, at: string, cells: readonly string[]) =>
      csvLine([`TLE-${customer.clientId}-${id}`, customer.clientId, `${at}T08:00:00Z`, ...cells])
    yield row('start', since, ['contract', 'contract_signed', 'Contract signed', 'positive', 'info'])
    for (
      let daysAgo = random.between(1, 30);
      daysAgo < Math.min(DEMO_DAYS, customer.ageDays);
      daysAgo += random.between(20, 45)
    ) {
      if (!random.chance(Math.min(1, activity(customer.story, daysAgo)))) continue
      yield row(`call-${daysAgo}`, dayBefore(company, daysAgo), [
        'communication',
        'call',
        `Call with ${customer.csm}`,
        'neutral',
        'info',
      ])
    }
    if (customer.story === 'churned') {
      yield row('end', dayBefore(company, 40), ['contract', 'churn', 'Cancelled', 'negative', 'high'])
    }
  }
}

const NPS_MEAN: Readonly<Record<Story, number>> = {
  steady: 7.6,
  growing: 8.6,
  champion: 9.5,
  quietly_leaving: 5.6,
  struggling: 4.6,
  unpaid: 6.4,
  churned: 3.5,
  too_new: 8,
}

function npsScore({ story }: DemoCustomer, daysAgo: number, noise: number): number {
  const mean = story === 'quietly_leaving' && daysAgo > 100 ? 7.5 : NPS_MEAN[story]
  return Math.min(10, Math.max(0, Math.round(mean + noise)))
}

function comment(score: number): string | null {
  if (score >= 9) return 'Saves us hours every week.'
  return score <= 4 ? 'Too many things break, and we wait too long for an answer.' : null
}

const iso = (milliseconds: number) => new Date(milliseconds).toISOString()
