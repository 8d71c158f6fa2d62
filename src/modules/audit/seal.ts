import type { Clock } from '#kernel/clock'
import type { Db, Tx } from '#kernel/database/db'
import { transact } from '#kernel/database/transact'
import type { Keyring } from '#kernel/crypto/keyring'
import { NO_BLOCK_HASH, blockHash, hashOf } from './chain/record.ts'
import type { ChainEvent } from './chain/record.ts'
import { blockSigner } from './chain/signing-key.ts'
import type { BlockSigner } from './chain/signing-key.ts'
import { lockChain } from './store/chain.ts'
import { chainHeads, insertBlocks, takeUnsealed, tenantsToSeal, tryLockChains } from './store/sealing.ts'
import type { ChainHead, ClosedBlock } from './store/sealing.ts'

export interface SealerNeeds {
  /** The system handle. */
  readonly db: Db
  readonly keyring: Keyring
  readonly clock: Clock
  /** The maximum number of events of a block. */
  readonly blockEventsMax?: number
}

export interface Sealer {
  /** Seals the committed events of one tenant, waiting for other sealers of it. Returns the number of events. */
  seal(tenantId: string): Promise<number>
  /**
   * Seals the committed events of all tenants, except those that another process is sealing. Returns the number of events.
   * When some tenants fail, it seals the others and then throws. An aborted `signal` stops it after the current batch.
   */
  sealAll(signal?: AbortSignal): Promise<number>
}

const BLOCK_EVENTS_MAX = 500
/** The number of chains that are locked, with a block of each in memory, at a time. */
const TENANTS_PER_TRANSACTION = 25

/**
 * Seals committed events into blocks. An event goes into the first block after its commit, however long its transaction
 * took. The blocks of a tenant are made one after the other, under a lock on the end of its chain. The blocks of many
 * tenants are stored in one transaction. A tenant with more events than fit into a block gets its next block after every
 * other tenant had its turn.
 */
export function sealer({ db, keyring, clock, blockEventsMax = BLOCK_EVENTS_MAX }: SealerNeeds): Sealer {
  const currentSigner = signerOf(keyring)
  /** Returns the number of sealed events by tenant, without tenants that had none. */
  const sealLocked = async (tx: Tx, tenantIds: readonly string[]): Promise<Map<string, number>> => {
    const unsealed = await takeUnsealed(tx, tenantIds, blockEventsMax)
    if (unsealed.size === 0) return new Map()
    const heads = await chainHeads(tx, [...unsealed.keys()])
    const closed = [...unsealed].map(([tenantId, events]) =>
      closeBlock(tenantId, events, heads.get(tenantId), { signer: currentSigner(), now: clock() }),
    )
    await insertBlocks(tx, closed)
    return new Map([...unsealed].map(([tenantId, events]) => [tenantId, events.length]))
  }
  const sealTogether = (tenantIds: readonly string[]): Promise<Map<string, number>> =>
    transact(db, async (tx) => {
      const locked = await tryLockChains(tx, tenantIds)
      return locked.length === 0 ? new Map<string, number>() : sealLocked(tx, locked)
    })
  /** A batch that fails is sealed tenant by tenant, so that a failure of one tenant does not affect the others. */
  const sealBatch = async (tenantIds: readonly string[], failures: unknown[]): Promise<Map<string, number>> => {
    try {
      return await sealTogether(tenantIds)
    } catch (error) {
      // Safe because `sealAll` throws it after the last batch.
      if (tenantIds.length === 1) failures.push(error)
    }
    if (tenantIds.length === 1) return new Map()
    const sealed = new Map<string, number>()
    for (const tenantId of tenantIds) {
      for (const [id, count] of await sealBatch([tenantId], failures)) sealed.set(id, count)
    }
    return sealed
  }
  return {
    async seal(tenantId) {
      for (let sum = 0; ; ) {
        const sealed = await transact(db, async (tx) => {
          await lockChain({ db: tx, tenantId })
          return (await sealLocked(tx, [tenantId])).get(tenantId) ?? 0
        })
        sum += sealed
        if (sealed < blockEventsMax) return sum
      }
    },
    async sealAll(signal) {
      let sum = 0
      const failures: unknown[] = []
      for (let left = await tenantsToSeal(db); left.length > 0; ) {
        const unfinished: string[] = []
        for (let start = 0; start < left.length && signal?.aborted !== true; start += TENANTS_PER_TRANSACTION) {
          const sealed = await sealBatch(left.slice(start, start + TENANTS_PER_TRANSACTION), failures)
          for (const [tenantId, count] of sealed) {
            sum += count
            if (count === blockEventsMax) unfinished.push(tenantId)
          }
        }
        left = signal?.aborted === true ? [] : unfinished
      }
      if (failures.length > 0) throw new AggregateError(failures, 'The events of some tenants could not be sealed.')
      return sum
    },
  }
}

/** Returns the signer of the key that is current when it is called: the key may be rotated in between. */
function signerOf(keyring: Keyring): () => BlockSigner {
  let signer: BlockSigner | undefined
  let signerKeyId = ''
  return () => {
    if (signer === undefined || signerKeyId !== keyring.currentKeyId) {
      signerKeyId = keyring.currentKeyId
      signer = blockSigner(keyring)
    }
    return signer
  }
}

function closeBlock(
  tenantId: string,
  unordered: readonly ChainEvent[],
  head: ChainHead | undefined,
  { signer, now }: { readonly signer: BlockSigner; readonly now: Date },
): ClosedBlock {
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
