import { z } from 'zod'

export const CLIENT_ID_PATTERN = /^[A-Za-z0-9_-]{1,100}$/

/** A client id: generated (`cs_…`) or chosen by the caller. */
export const ClientId = z
  .string()
  .refine((id) => CLIENT_ID_PATTERN.test(id), '1–100 letters, digits, "_" or "-", such as cs_acme')

/**
 * Text with length limits that are checked but not published in the JSON Schema, where they would cost a model more
 * tokens than they are worth.
 */
export const text = (charactersMax: number) =>
  z
    .string()
    .trim()
    // One form for what looks alike, so that a search finds it.
    .normalize('NFC')
    .refine((given) => given.length > 0 && given.length <= charactersMax, `1–${charactersMax} characters`)

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
export const Money = z
  .number()
  .min(0)
  .refine((amount) => amount <= 1e12, 'at most 1000000000000')

export const IdempotencyKey = text(200).optional()

/** Null if there are not yet two scores a week apart. */
export const Trend = z.enum(['improving', 'stable', 'declining']).nullable()
export type Trend = z.output<typeof Trend>
export const RiskLevel = z.enum(['low', 'medium', 'high', 'critical'])
export type RiskLevel = z.output<typeof RiskLevel>
