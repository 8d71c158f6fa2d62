import type { Clock } from '#kernel/clock'
import type { Db } from '#kernel/database/db'
import type { Keyring } from '#kernel/crypto/keyring'
import { NO_BLOCK_HASH, blockHash, hashOf } from './chain/record.ts'
import type { Block, ChainEvent, EventEntry } from './chain/record.ts'
import { blockSigner } from './chain/signing-key.ts'
import type { BlockSigner } from './chain/signing-key.ts'
import { chainHead, insertBlock, lockChain, takeUnsealed, tenantsToSeal } from './store/chain.ts'

export interface SealerNeeds {
  /** The system handle. */
  readonly db: Db
  readonly keyring: Keyring
  readonly clock: Clock
  /** Events a block holds at most. */
  readonly blockEventsMax?: number
}

export interface Sealer {
  /** Seals what is committed of one tenant, after any other sealer at work; how many events. */
  seal(tenantId: string): Promise<number>
  /**
   * Seals what is committed of every tenant; leaves those out that another process seals at the moment. Throws in the end
   * when some could not be sealed. With `signal` it stops after the block at hand: the rest waits for the next sealer.
   */
  sealAll(signal?: AbortSignal): Promise<number>
}

const BLOCK_EVENTS_MAX = 500

/**
 * Closes committed events into blocks. An event belongs to the next block after its commit, however long its
 * transaction took; blocks of a tenant are made one after the other, because each holds the end of the chain locked.
 */
export function sealer({ db, keyring, clock, blockEventsMax = BLOCK_EVENTS_MAX }: SealerNeeds): Sealer {
  let signer: BlockSigner | undefined
  let signerKeyId = ''
  const currentSigner = (): BlockSigner => {
    if (signer === undefined || signerKeyId !== keyring.currentKeyId) {
      signerKeyId = keyring.currentKeyId
      signer = blockSigner(keyring)
    }
    return signer
  }
  const sealOne = (tenantId: string, wait: boolean): Promise<number> =>
    db.transaction().execute(async (tx) => {
      if (!(await lockChain(tx, tenantId, wait))) return 0
      const head = await chainHead(tx, tenantId)
      const events = await takeUnsealed(tx, tenantId, blockEventsMax)
      if (events.length === 0) return 0
      const { block, entries } = closeBlock(tenantId, events, head, { signer: currentSigner(), now: clock() })
      await insertBlock(tx, block, entries)
      return events.length
    })
  const sealTenant = async (tenantId: string, wait: boolean, signal?: AbortSignal): Promise<number> => {
    for (let sum = 0; ; ) {
      const sealed = await sealOne(tenantId, wait)
      sum += sealed
      if (sealed < blockEventsMax || signal?.aborted === true) return sum
    }
  }
  return {
    seal: (tenantId) => sealTenant(tenantId, true),
    async sealAll(signal) {
      let sum = 0
      const failures: unknown[] = []
      for (const tenantId of await tenantsToSeal(db)) {
        if (signal?.aborted === true) break
        try {
          sum += await sealTenant(tenantId, false, signal)
        } catch (error) {
          // Safe because it is thrown in the end: one tenant's trouble must not leave the others unsealed.
          failures.push(error)
        }
      }
      if (failures.length > 0) throw new AggregateError(failures, 'The events of some tenants could not be sealed.')
      return sum
    },
  }
}

function closeBlock(
  tenantId: string,
  unordered: readonly ChainEvent[],
  head: { readonly number: number; readonly hash: string } | undefined,
  { signer, now }: { readonly signer: BlockSigner; readonly now: Date },
): { readonly block: Block; readonly entries: readonly EventEntry[] } {
  const events = unordered.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const entries = events.map((event) => [event.id, hashOf(event)] as const)
  const times = events.map(({ at }) => at).toSorted((a, b) => (a < b ? -1 : 1))
  const header = {
    tenant_id: tenantId,
    number: (head?.number ?? 0) + 1,
    previous_hash: head?.hash ?? NO_BLOCK_HASH,
    events_hash: hashOf(entries),
    event_count: events.length,
    first_event_at: times[0] ?? '',
    last_event_at: times.at(-1) ?? '',
    sealed_at: now.toISOString(),
    public_key: signer.publicKey,
  }
  const hash = blockHash(header)
  return { block: { ...header, hash, signature: signer.sign(hash) }, entries }
}
