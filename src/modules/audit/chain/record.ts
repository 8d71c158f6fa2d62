import { createHash } from 'node:crypto'
import { canonicalJson } from '#kernel/crypto/canonical-json'

/** One event as it is hashed and exported: personal values encrypted, secrets gone. */
export interface ChainEvent {
  readonly tenant_id: string
  readonly id: string
  /** UTC, to the microsecond: `2026-11-21T03:04:05.678000Z`. */
  readonly at: string
  readonly actor_kind: string
  readonly actor_id: string
  readonly action: string
  readonly subject: string
  readonly before: unknown
  readonly after: unknown
  readonly people: readonly string[] | null
  readonly request_id: string
  readonly outcome: string
}

/** Everything a block's hash covers. */
export interface BlockHeader {
  readonly tenant_id: string
  /** From 1, without gaps. */
  readonly number: number
  /** Of the block before; 64 zeros for the first. */
  readonly previous_hash: string
  /** Over the ids and hashes of the events, in their order. */
  readonly events_hash: string
  readonly event_count: number
  readonly first_event_at: string
  readonly last_event_at: string
  readonly sealed_at: string
  /** Ed25519, base64url, of the installation that sealed it. */
  readonly public_key: string
}

export interface Block extends BlockHeader {
  readonly hash: string
  /** Of the hash, base64url. */
  readonly signature: string
}

/** An event's place in a block. */
export type EventEntry = readonly [id: string, hash: string]

export const NO_BLOCK_HASH = '0'.repeat(64)

/** SHA-256 of the canonical JSON, in hexadecimal. */
export function hashOf(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex')
}

/** A block's hash: of its header alone, which holds the hashes of everything else. */
export function blockHash(block: BlockHeader): string {
  const { tenant_id, number, previous_hash, events_hash, event_count } = block
  const { first_event_at, last_event_at, sealed_at, public_key } = block
  return hashOf({
    ...{ tenant_id, number, previous_hash, events_hash, event_count },
    ...{ first_event_at, last_event_at, sealed_at, public_key },
  })
}
