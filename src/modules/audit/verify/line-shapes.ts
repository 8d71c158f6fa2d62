import { z } from 'zod'
import { EXPORT_FORMAT } from '../chain/export-lines.ts'

const Hash = z.string().regex(/^[0-9a-f]{64}$/)

const HeaderLine = z.strictObject({
  type: z.literal('header'),
  format: z.literal(EXPORT_FORMAT),
  tenant_id: z.string(),
  exported_at: z.string(),
  first_block: z.number().int().min(1),
  until: z.string().nullable(),
  canonical_form: z.literal('RFC 8785'),
  hash: z.literal('SHA-256'),
  signature: z.literal('Ed25519'),
})

const BlockLine = z.strictObject({
  type: z.literal('block'),
  events: z.array(z.tuple([z.string(), Hash])).nullable(),
  tenant_id: z.string(),
  number: z.number().int().min(1),
  previous_hash: Hash,
  events_hash: Hash,
  event_count: z.number().int().min(1),
  first_event_at: z.string(),
  last_event_at: z.string(),
  sealed_at: z.string(),
  public_key: z.string(),
  hash: Hash,
  signature: z.string(),
})

const EndLine = z.strictObject({
  type: z.literal('end'),
  blocks: z.number(),
  events: z.number(),
  head: Hash.nullable(),
  sha256: Hash,
})

/** The contents of an event are not checked here, because its hash covers them. */
const EventLine = z.looseObject({ type: z.literal('event'), id: z.string() })

const AnyLine = z.discriminatedUnion('type', [HeaderLine, BlockLine, EventLine, EndLine])

export type HeaderShape = z.output<typeof HeaderLine>
export type EndShape = z.output<typeof EndLine>

/** Parses a line of an export; `unknown`, with the reason, where it is none. */
export function lineOf(value: unknown): z.output<typeof AnyLine> | { readonly type: 'unknown'; readonly why: string } {
  const parsed = AnyLine.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  return { type: 'unknown', why: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}` }
}

/** Parses JSON; undefined where it is invalid. */
export function jsonOf(text: string | undefined): { readonly json: unknown } | undefined {
  if (text === undefined) return undefined
  try {
    const json: unknown = JSON.parse(text)
    return { json }
  } catch {
    // Safe because the caller reports the line as broken.
    return undefined
  }
}
