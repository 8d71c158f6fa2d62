import { z } from 'zod'
import { score, setting, share, wholeNumber } from '#kernel/config/setting'

const weight = (env: string, name: string, value: number) =>
  setting(env, share().default(value), {
    describe: `Weight of ${name} in the health score. The five weights must sum to 1.`,
    example: String(value),
    aliases: [`${name.toUpperCase()}_WEIGHT`],
  })

export const CustomerSettings = z
  .object({
    usageWeight: weight('HEALTH_SCORE_WEIGHT_USAGE', 'usage', 0.35),
    engagementWeight: weight('HEALTH_SCORE_WEIGHT_ENGAGEMENT', 'engagement', 0.25),
    supportWeight: weight('HEALTH_SCORE_WEIGHT_SUPPORT', 'support', 0.15),
    satisfactionWeight: weight('HEALTH_SCORE_WEIGHT_SATISFACTION', 'satisfaction', 0.15),
    paymentWeight: weight('HEALTH_SCORE_WEIGHT_PAYMENT', 'payment', 0.1),
    atRiskBelow: setting('HEALTH_SCORE_AT_RISK_THRESHOLD', score().default(60), {
      describe: 'Customers under this health score are at risk.',
      example: '60',
    }),
    criticalBelow: setting('CHURN_RISK_THRESHOLD', score().default(40), {
      describe: 'Customers under this health score are at critical risk of churning.',
      example: '40',
    }),
    healthyFrom: setting('HEALTH_SCORE_HEALTHY_THRESHOLD', score().default(75), {
      describe: 'Customers with at least this health score are healthy.',
      example: '75',
    }),
    championFrom: setting('HEALTH_SCORE_CHAMPION_THRESHOLD', score().default(90), {
      describe: 'Customers with at least this health score are champions.',
      example: '90',
    }),
    churnHighFrom: setting('CHURN_PROBABILITY_HIGH_RISK', share().default(0.7), {
      describe: 'Churn probability from which the risk is high.',
      example: '0.7',
    }),
    churnMediumFrom: setting('CHURN_PROBABILITY_MEDIUM_RISK', share().default(0.4), {
      describe: 'Churn probability from which the risk is medium.',
      example: '0.4',
    }),
    churnLowFrom: setting('CHURN_PROBABILITY_LOW_RISK', share().default(0.15), {
      describe: 'Churn probability from which the risk is low instead of negligible.',
      example: '0.15',
    }),
    highValueFrom: setting('HIGH_VALUE_ACCOUNT_THRESHOLD', z.coerce.number().min(0).default(50_000), {
      describe: 'Annual contract value, in the contract’s currency, from which an account is high value.',
      example: '50000',
    }),
    onboardingDays: setting('ONBOARDING_DURATION_DAYS', wholeNumber(1, 730).default(90), {
      describe: 'Days after the contract start during which a customer counts as onboarding.',
      example: '90',
    }),
    usageDropShare: setting('RETENTION_TRIGGER_USAGE_DROP', share().default(0.3), {
      describe: 'Drop in usage, against the preceding period, that raises a risk indicator.',
      example: '0.3',
    }),
    ticketRiseShare: setting('RETENTION_TRIGGER_TICKET_RISE', z.coerce.number().min(0).max(10).default(0.5), {
      describe: 'Rise in support tickets, against the preceding period, that raises a risk indicator.',
      example: '0.5',
    }),
  })
  .superRefine((value, issue) => {
    const sum =
      value.usageWeight + value.engagementWeight + value.supportWeight + value.satisfactionWeight + value.paymentWeight
    if (Math.abs(sum - 1) > 0.001) {
      issue.addIssue({
        code: 'custom',
        path: ['usageWeight'],
        message: `the five HEALTH_SCORE_WEIGHT_* settings to sum to 1, not ${sum.toFixed(3)}`,
      })
    }
  })

export type CustomerSettings = z.output<typeof CustomerSettings>
