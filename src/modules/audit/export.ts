import type { Db } from '#kernel/database/db'
import { exportLines } from './chain/export-lines.ts'
import { chainHead, firstBlockSince, nextBlock } from './store/chain.ts'

/** Which part of the chain: blocks sealed from `from` on and before `to`. */
export interface ExportRange {
  readonly from?: Date | undefined
  readonly to?: Date | undefined
}

/**
 * A tenant's chain as lines, each with its line break; see `exportLines`. Ends with the block that was the last when it
 * began. Reads one block at a time, through a handle that sees the tenant.
 */
export async function* exportChain(
  db: Db,
  tenantId: string,
  { from, to }: ExportRange,
  now: Date,
): AsyncGenerator<string> {
  const through = (await chainHead(db, tenantId))?.number ?? 0
  // Blocks never go, so that a whole chain begins with the first, whatever the database says.
  const first = from === undefined ? FIRST_BLOCK : await firstBlockSince(db, tenantId, from.toISOString())
  const until = to?.toISOString()
  const isInRange = (after: number) => first !== undefined && after < through
  const next = async (after: number) =>
    isInRange(after)
      ? nextBlock(db, tenantId, { after, ...(until !== undefined && { sealedBefore: until }) })
      : undefined
  yield* exportLines(tenantId, now, { first: first ?? FIRST_BLOCK, until: until ?? null }, next)
}

const FIRST_BLOCK = 1
