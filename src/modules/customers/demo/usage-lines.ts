import { activity, dayBefore, DEMO_DAYS } from './company.ts'
import type { DemoCompany, DemoCustomer } from './company.ts'
import { csvLine } from './csv-line.ts'
import { seededRandom } from './random.ts'
import type { Random } from './random.ts'

const FEATURES = [
  'dashboard',
  ...['dashboard', 'dashboard', 'reports', 'reports', 'search', 'search', 'exports', 'alerts', 'integrations'],
  ...['api', 'automation', 'forecasts', 'admin'],
] as const
const HEADER =
  'message_id,client_id,occurred_at,event_name,user_id,feature,session_id,duration_seconds,is_error,quantity'

/**
 * Usage events as CSV: one line per active user and day, with a feature, a count and a duration. About 25,000 lines.
 */
export function* usageLines(company: DemoCompany): Generator<string> {
  const random = seededRandom(company.seed + 7)
  yield HEADER
  for (const customer of company.customers) {
    // These customers have signed but not started: without usage there is nothing to score.
    if (customer.story === 'too_new') continue
    for (let daysAgo = Math.min(DEMO_DAYS, customer.ageDays); daysAgo >= 0; daysAgo--) {
      yield* customerDay(random, customer, dayBefore(company, daysAgo), daysAgo)
    }
  }
}

function* customerDay(random: Random, customer: DemoCustomer, day: string, daysAgo: number): Generator<string> {
  const weekday = new Date(`${day}T00:00:00Z`).getUTCDay()
  const isWeekend = weekday === 0 || weekday === 6
  const share = customer.activeShare * activity(customer.story, daysAgo) * (isWeekend ? 0.08 : 1)
  for (const [index, person] of customer.people.entries()) {
    if (!random.chance(Math.min(0.95, share))) continue
    const minute = random.between(7 * 60, 18 * 60)
    const time = `${two(Math.floor(minute / 60))}:${two(minute % 60)}:00`
    // Today's events are dated to midnight, so that none lies in the future.
    const at = daysAgo === 0 ? `${day}T00:00:00Z` : `${day}T${time}Z`
    const feature = random.pick(FEATURES)
    const quantity = Math.max(
      1,
      Math.round(random.normal(9, 4) * Math.min(1.3, activity(customer.story, daysAgo) + 0.3)),
    )
    const isError = random.chance(customer.story === 'struggling' ? 0.09 : 0.012)
    const seconds = Math.round(quantity * (20 + 70 * random.next()))
    yield csvLine([
      ...[`use_${customer.clientId}_${day}_${index}`, customer.clientId, at, `${feature}_used`, person.userId, feature],
      ...[`ses_${person.userId}_${day}`, seconds, isError, quantity],
    ])
  }
}

const two = (value: number) => String(value).padStart(2, '0')
