import type { Division } from './store/divisions.ts'

/** Recommended strategies for the segments of divisions with fixed segment names. */
const STRATEGIES: Readonly<Partial<Record<Division, Readonly<Record<string, string>>>>> = {
  value_based: {
    strategic: 'Named CSM, executive sponsor, quarterly review.',
    enterprise: 'Named CSM, half-yearly review.',
    professional: 'Pooled CSM, check-in each quarter.',
    standard: 'Pooled CSM on demand, automated guidance.',
    starter: 'Self-service, in-product guidance.',
  },
  usage_based: {
    power: 'Ask for references; offer seats and advanced features.',
    regular: 'Widen use to more teams and features.',
    light: 'Find the use case that matters and train for it.',
    dormant: 'Call: find out what replaced the product.',
    'never used': 'Restart onboarding with a first-value session.',
  },
  health_based: {
    champion: 'Ask for references and case studies; look for expansion.',
    healthy: 'Look for expansion; keep the rhythm.',
    stable: 'Raise the weakest component.',
    'at risk': 'Recovery plan with an owner and a date.',
    critical: 'Escalate to an executive sponsor this week.',
    unknown: 'Connect data sources; nothing is known yet.',
  },
}

export function strategyFor(division: Division, label: string): string | undefined {
  return STRATEGIES[division === 'value_tier' ? 'value_based' : division]?.[label]
}
