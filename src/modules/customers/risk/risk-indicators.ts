import { percent } from '../record/rounding.ts'

/**
 * The explanation of a risk indicator and the recommended action. Indicators are raised by `store/recompute-sql.ts`.
 */
interface IndicatorText {
  readonly says: (current: number, threshold: number) => string
  readonly action: string
}

const days = (count: number) => `${Math.round(count)} day${Math.round(count) === 1 ? '' : 's'}`

/** The risk indicators; equally severe ones are listed in this order. */
export const RISK_INDICATORS = {
  usage_stopped: {
    says: (current) => `No use for ${days(current)}`,
    action: 'Call the sponsor: find out what replaced the product, and offer a restart session.',
  },
  payment_overdue: {
    says: (current) => `Payment overdue for ${days(current)}`,
    action: 'Settle the invoice with their finance contact before any renewal talk.',
  },
  usage_decline: {
    says: (current) => `Usage down ${percent(current)} from the preceding period`,
    action: 'Review usage with the champion: which team or feature declined, and why.',
  },
  health_low: {
    says: (current, threshold) => `Health ${current} is under ${threshold}`,
    action: 'Open a recovery plan with an owner and a date.',
  },
  urgent_tickets_open: {
    says: (current) => `${current} urgent ticket${current === 1 ? '' : 's'} open`,
    action: 'Escalate the open P0 and P1 tickets and tell the customer the next update time.',
  },
  renewal_near: {
    says: (current) => `Renewal in ${days(current)}, not automatic`,
    action: 'Start the renewal: confirm the decision maker, the value delivered and the terms.',
  },
  tickets_rising: {
    says: (current) => `Support tickets up ${percent(current)}`,
    action: 'Look for one cause behind the new tickets and fix it with support.',
  },
  satisfaction_low: {
    says: (current) => `Survey answers average ${Math.round(current)} of 100`,
    action: 'Answer the unhappy respondents personally.',
  },
  contact_lost: {
    says: (current) => `No contact for ${days(current)}`,
    action: 'Book a check-in with the primary contact.',
  },
} as const satisfies Record<string, IndicatorText>

export type IndicatorName = keyof typeof RISK_INDICATORS

export function describeIndicator(name: string, current: number, threshold: number): string {
  return textOf(name)?.says(current, threshold) ?? name
}

export function actionFor(name: string): string | undefined {
  return textOf(name)?.action
}

function textOf(name: string): IndicatorText | undefined {
  // safe because: the name was just found among the table's own keys.
  return Object.hasOwn(RISK_INDICATORS, name) ? RISK_INDICATORS[name as IndicatorName] : undefined
}
