import type { EVENT_TYPES } from '../record/timeline-contract.ts'
import { dayBefore, DEMO_DAYS } from './company.ts'
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
      // Most tickets of struggling customers come after the incident of their story.
      const since = customer.story === 'struggling' && random.chance(0.7) ? 40 : DEMO_DAYS
      const daysAgo = random.between(1, Math.min(since, customer.ageDays))
      const isUpset = customer.story === 'struggling'
      const isOpen = daysAgo < 21 && random.chance(isUpset ? 0.7 : 0.25)
      const [subject, category] = random.pick(SUBJECTS)
      const asker = random.pick(customer.people)
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
        ...[isOpen ? 'open' : 'closed', asker.email, asker.name, iso(opened), iso(answered)],
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

/** What happened to a customer of a story, and explains what its scores show. */
const TURNING_POINTS: Readonly<Partial<Record<Story, readonly TurningPoint[]>>> = {
  champion: [
    {
      daysAgo: 48,
      type: 'product',
      category: 'reference',
      title: 'Spoke for us at a customer event',
      impact: 'positive',
    },
  ],
  growing: [
    { daysAgo: 64, type: 'product', category: 'rollout', title: 'A second team has started', impact: 'positive' },
  ],
  quietly_leaving: [
    {
      daysAgo: 72,
      type: 'communication',
      category: 'sponsor_left',
      title: 'The sponsor has left the company',
      impact: 'negative',
    },
    {
      daysAgo: 31,
      type: 'communication',
      category: 'no_answer',
      title: 'No answer to two e-mails',
      impact: 'negative',
    },
  ],
  struggling: [
    {
      daysAgo: 40,
      type: 'support',
      category: 'incident',
      title: 'Imports failed for two days after our release',
      impact: 'negative',
    },
    {
      daysAgo: 19,
      type: 'support',
      category: 'escalation',
      title: 'Escalated: the open tickets block their month-end',
      impact: 'negative',
    },
  ],
  unpaid: [
    {
      daysAgo: 24,
      type: 'contract',
      category: 'billing',
      title: 'Card declined; their new finance system asks for order numbers',
      impact: 'negative',
    },
  ],
  churned: [
    {
      daysAgo: 95,
      type: 'communication',
      category: 'sponsor_left',
      title: 'New management reviews all tools',
      impact: 'negative',
    },
    { daysAgo: 40, type: 'contract', category: 'churn', title: 'Cancelled: moved to another tool', impact: 'negative' },
  ],
}

interface TurningPoint {
  readonly daysAgo: number
  readonly type: (typeof EVENT_TYPES)[number]
  readonly category: string
  readonly title: string
  readonly impact: 'positive' | 'negative'
}

/** Contracts, calls, and what explains the scores, as CSV. */
export function* timelineLines(company: DemoCompany): Generator<string> {
  yield 'event_id,client_id,occurred_at,event_type,category,title,impact,severity'
  for (const customer of company.customers) {
    const row = (id: string, daysAgo: number, time: string, cells: readonly string[]) =>
      csvLine([
        ...[`TLE-${customer.clientId}-${id}`, customer.clientId, `${dayBefore(company, daysAgo)}T${time}Z`],
        ...cells,
      ])
    const signed = ['contract', 'contract_signed', 'Contract signed', 'positive', 'info']
    yield row('start', customer.ageDays, '08:00:00', signed)
    for (const { daysAgo, with: person } of customer.calls) {
      const call = ['communication', 'call', `${customer.csm} spoke with ${person.name}`, 'neutral', 'info']
      yield row(`call-${daysAgo}`, daysAgo, '10:00:00', call)
    }
    for (const { daysAgo, type, category, title, impact } of TURNING_POINTS[customer.story] ?? []) {
      const cells = [type, category, title, impact, impact === 'negative' ? 'high' : 'info']
      yield row(`${category}-${daysAgo}`, daysAgo, '15:00:00', cells)
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
