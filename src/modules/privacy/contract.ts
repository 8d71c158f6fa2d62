import { z } from 'zod'

export const PersonText = z
  .string()
  .trim()
  .min(3)
  .max(300)
  .describe('An e-mail, a phone number with its country, or an id: user:usr_…, contact:cnt_…, event-user:….')

const Kept = z.object({ what: z.string(), count: z.number().int(), why: z.string() })

export const HolderOutcome = z.object({
  name: z.string(),
  describe: z.string(),
  erased: z.number().int().describe('Rows about the person that are deleted.'),
  pseudonymised: z.number().int().describe('Rows about the person that stay, without personal data.'),
  scrubbed: z.number().int().describe('Rows about others from whose text mentions of the person are removed.'),
  kept: z.array(Kept),
})
export type HolderOutcome = z.output<typeof HolderOutcome>

export const KnownPerson = z.object({
  emails: z.array(z.string()),
  phones: z.array(z.string()),
  names: z.array(z.string()),
  refs: z.array(z.string()),
})
export type KnownPerson = z.output<typeof KnownPerson>

export const PreviewInput = z.strictObject({ person: PersonText })

export const Preview = z.object({
  request_id: z.string(),
  person: KnownPerson.describe('All identifiers of the person; the erasure searches for them.'),
  holders: z.array(HolderOutcome),
  not_searched: z
    .array(z.string())
    .describe('Names of the person that are too common to be searched for in free text.'),
  confirm_token: z.string(),
  expires_at: z.iso.datetime(),
})
export type Preview = z.output<typeof Preview>

export const ConfirmInput = z.strictObject({ confirm_token: z.string().min(10).max(2000) })

export const RequestById = z.strictObject({ id: z.string().min(5).max(60) })

/** The signed report of an erasure: see `signed-report.ts`. */
export const SignedReport = z.object({
  report: z.record(z.string(), z.unknown()),
  signature: z.object({
    algorithm: z.literal('Ed25519'),
    key_id: z.string(),
    public_key: z.string().describe('SPKI, base64url.'),
    value: z.string().describe('Signature of the canonical JSON (RFC 8785) of `report`, base64url.'),
  }),
})
export type SignedReport = z.output<typeof SignedReport>

export const RequestStatus = z.enum(['requested', 'previewed', 'confirmed', 'erased', 'completed', 'expired'])

export const Confirmed = z.object({ request_id: z.string(), status: RequestStatus })

export const PrivacyRequest = z.object({
  request_id: z.string(),
  kind: z.enum(['export', 'erasure']),
  status: RequestStatus,
  subject_hash: z.string().describe('Keyed hash: the same for the same person, and not reversible.'),
  requested_by: z.string(),
  requested_at: z.iso.datetime(),
  confirmed_at: z.iso.datetime().nullable(),
  completed_at: z.iso.datetime().nullable(),
  found: z.array(HolderOutcome),
  report: SignedReport.nullable(),
})
export type PrivacyRequest = z.output<typeof PrivacyRequest>

export const Archive = z.object({
  request_id: z.string(),
  readme: z.object({
    about: z.string(),
    tenant_id: z.string(),
    made_at: z.iso.datetime(),
    person: KnownPerson,
    holders: z.array(z.object({ name: z.string(), describe: z.string(), rows: z.number().int() })),
  }),
  data: z.record(z.string(), z.array(z.record(z.string(), z.unknown()))),
})
export type Archive = z.output<typeof Archive>

const Slug = z.string().regex(/^[a-z0-9][a-z0-9_.-]{0,79}$/, 'a short name such as product_news: a-z, 0-9, _ . and -')

export const ConsentInput = z.strictObject({
  person: PersonText,
  purpose: Slug,
  basis: z
    .enum(['consent', 'contract', 'legal_obligation', 'vital_interests', 'public_task', 'legitimate_interests'])
    .default('consent'),
  state: z.enum(['given', 'withdrawn']),
  source: Slug.describe('Where the consent comes from: web_form, phone, import.'),
  occurred_at: z.iso.datetime().optional().describe('UTC; absent: now.'),
})

export const Consent = z.object({
  consent_id: z.string(),
  purpose: z.string(),
  basis: z.string(),
  state: z.enum(['given', 'withdrawn']),
  source: z.string(),
  occurred_at: z.iso.datetime(),
  recorded_at: z.iso.datetime(),
})
export type Consent = z.output<typeof Consent>

export const RetentionRule = z.object({
  category: z.string(),
  holds: z.string(),
  days: z.number().int().nullable().describe('Null: forever.'),
  default_days: z.number().int(),
})

export const RetentionInput = z.strictObject({
  rules: z
    .record(z.string().max(80), z.number().int().min(1).max(36_500).nullable())
    .describe('Days by category; null keeps forever. Other categories stay as they are.'),
})
