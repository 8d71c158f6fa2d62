import { createHash } from 'node:crypto'
import { z } from 'zod'
import { canonicalJson } from '#kernel/crypto/canonical-json'

/** An audit event as it is hashed and exported: personal values are encrypted, secrets are removed. */
export const ChainEvent = z.strictObject({
  tenant_id: z.string(),
  id: z.string(),
  /** UTC, to the microsecond: `2026-11-21T03:04:05.678000Z`. */
  at: z.string(),
  actor_kind: z.string(),
  actor_id: z.string(),
  action: z.string(),
  subject: z.string(),
  before: z.unknown(),
  after: z.unknown(),
  people: z.array(z.string()).readonly().nullable(),
  request_id: z.string(),
  outcome: z.string(),
})
export type ChainEvent = z.output<typeof ChainEvent>

/** The fields of a block that its hash covers. */
const BlockHeader = z.strictObject({
  tenant_id: z.string(),
  /** From 1, without gaps. */
  number: z.int(),
  /** The hash of the block before; 64 zeros in the first block. */
  previous_hash: z.string(),
  /** The hash of the list of event ids and hashes, in their order. */
  events_hash: z.string(),
  event_count: z.int(),
  first_event_at: z.string(),
  last_event_at: z.string(),
  sealed_at: z.string(),
  /** The Ed25519 public key that verifies the signature, base64url. */
  public_key: z.string(),
})
type BlockHeader = z.output<typeof BlockHeader>

export const Block = z.strictObject({
  ...BlockHeader.shape,
  hash: z.string(),
  /** The signature of the hash, base64url. */
  signature: z.string(),
})
export type Block = z.output<typeof Block>

/** An entry of a block's list of events. */
export type EventEntry = readonly [id: string, hash: string]

export const NO_BLOCK_HASH = '0'.repeat(64)

/** SHA-256 of the canonical JSON, in hexadecimal. */
export function hashOf(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex')
}

/** The hash of a block's header. It covers the events too, because the header contains `events_hash`. */
export function blockHash(block: BlockHeader): string {
  return hashOf(Object.fromEntries(BlockHeader.keyof().options.map((field) => [field, block[field]])))
}
