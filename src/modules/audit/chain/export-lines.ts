import { createHash } from 'node:crypto'
import { canonicalJson } from '#kernel/crypto/canonical-json'
import type { StoredBlock } from '../store/chain.ts'
import type { Block, ChainEvent, EventEntry } from './record.ts'

/** The first line of an export. */
export interface ExportHeader {
  readonly type: 'header'
  readonly format: typeof EXPORT_FORMAT
  readonly tenant_id: string
  readonly exported_at: string
  /** The number of the first block; 1 in an export of the whole chain. */
  readonly first_block: number
  /** Blocks sealed at or after this time are not in the export; null when it goes to the end of the chain. */
  readonly until: string | null
  readonly canonical_form: 'RFC 8785'
  readonly hash: 'SHA-256'
  readonly signature: 'Ed25519'
}

export type BlockLine = { readonly type: 'block'; readonly events: readonly EventEntry[] | null } & Block
export type EventLine = { readonly type: 'event' } & ChainEvent

/** The last line. `sha256` is the hash of every byte before it. */
export interface EndLine {
  readonly type: 'end'
  readonly blocks: number
  readonly events: number
  readonly head: string | null
  readonly sha256: string
}

export const EXPORT_FORMAT = 'plimsoll-audit/1'

/**
 * A chain as lines of canonical JSON: the header, each block followed by its events, the end. One block is in memory at
 * a time. `next` returns the block after a number.
 */
export async function* exportLines(
  tenantId: string,
  exportedAt: Date,
  { first, until }: { readonly first: number; readonly until: string | null },
  next: (after: number) => Promise<StoredBlock | undefined>,
): AsyncGenerator<string> {
  const digest = createHash('sha256')
  const line = (value: ExportHeader | BlockLine | EventLine): string => {
    const text = `${canonicalJson(value)}\n`
    digest.update(text)
    return text
  }
  const methods = { canonical_form: 'RFC 8785', hash: 'SHA-256', signature: 'Ed25519' } as const
  const exported_at = exportedAt.toISOString()
  yield line({
    type: 'header',
    format: EXPORT_FORMAT,
    tenant_id: tenantId,
    exported_at,
    first_block: first,
    until,
    ...methods,
  })
  const end: { blocks: number; events: number; head: string | null } = { blocks: 0, events: 0, head: null }
  for (let after = first - 1; ; ) {
    const found = await next(after)
    if (found === undefined) break
    const { block, entries, events } = found
    yield line({ type: 'block', events: entries ?? null, ...block })
    for (const event of events) yield line({ type: 'event', ...event })
    end.blocks += 1
    end.events += events.length
    end.head = block.hash
    after = block.number
  }
  yield `${canonicalJson({ type: 'end', ...end, sha256: digest.digest('hex') } satisfies EndLine)}\n`
}
