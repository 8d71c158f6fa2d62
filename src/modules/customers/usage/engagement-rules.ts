/** The definition of each pattern in words; `SHOWN_PATTERNS` in `store/patterns.ts` implements them. */
export const ENGAGEMENT_RULES: Readonly<Record<string, string>> = {
  growing: 'events of the later half at least 1.3 times those of the earlier',
  declining: 'events of the later half at most 0.7 times those of the earlier',
  steady: 'events of both halves within 30 %',
  silent: 'no event in the period',
  stopped: 'no event in the last 14 days, but some before',
  workdays_only: 'at least 50 events, none at a weekend',
  single_user: 'never more than one person a day, on 5 days or more',
  single_feature: 'one feature only, on 5 days or more',
  wide_use: 'five features or more, on 5 days or more',
  seats_idle: 'under 30 % of the seats used on the busiest day',
}
