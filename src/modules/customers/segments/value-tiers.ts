/**
 * Annual contract values from which an account is standard, professional, enterprise and strategic; below the first it
 * is starter.
 */
export const VALUE_TIER_BOUNDS = [10_000, 50_000, 100_000, 200_000] as const

export const VALUE_TIERS = ['strategic', 'enterprise', 'professional', 'standard', 'starter'] as const
export type ValueTier = (typeof VALUE_TIERS)[number]

interface ServiceLevel {
  /** The number of accounts per customer success manager (CSM); null for self-service. */
  readonly accountsPerCsm: number | null
  readonly supportHours: number
}

/** Service levels by value tier: the ratios and support times of the customer-success checklists. */
export const SERVICE_LEVELS: Readonly<Record<ValueTier, ServiceLevel>> = {
  strategic: { accountsPerCsm: 8, supportHours: 1 },
  enterprise: { accountsPerCsm: 18, supportHours: 2 },
  professional: { accountsPerCsm: 45, supportHours: 4 },
  standard: { accountsPerCsm: 120, supportHours: 8 },
  starter: { accountsPerCsm: null, supportHours: 24 },
}

/** Upgrade candidates have at least this share of their tier's upper bound, with a health score of at least 75. */
export const UPGRADE_SHARE = 0.7
