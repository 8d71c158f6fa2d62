import { z } from 'zod'

/** Ours (`cs_…`) or the caller's own. */
export const ClientId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,100}$/, '1–100 letters, digits, "_" or "-", such as cs_acme')
  .describe('Customer id')

export const TIERS = ['starter', 'standard', 'professional', 'enterprise'] as const
export const Tier = z.enum(TIERS)
export type Tier = z.output<typeof Tier>

export const STAGES = [
  'prospect',
  'trial',
  'onboarding',
  'active',
  'engaged',
  'at_risk',
  'renewal',
  'expansion',
  'churned',
] as const
export const Stage = z.enum(STAGES)
export type Stage = z.output<typeof Stage>

export const STATUSES = ['active', 'inactive', 'suspended', 'churned'] as const

/** A calendar day, UTC. */
export const Day = z.iso.date()
export const Score = z.number().min(0).max(100)
export const Money = z.number().min(0).max(1e12)

export const IdempotencyKey = z
  .string()
  .min(1)
  .max(200)
  .optional()
  .describe('Repeat it on a retry to get the first result instead of a duplicate')

export const Trend = z.enum(['improving', 'stable', 'declining'])
export const RiskLevel = z.enum(['low', 'medium', 'high', 'critical'])
export type RiskLevel = z.output<typeof RiskLevel>

/** What is missing for a figure that was asked for. */
export const NotEnoughData = z.strictObject({ status: z.literal('not_enough_data'), missing: z.string() })
