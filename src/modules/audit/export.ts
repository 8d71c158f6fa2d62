import type { Ctx } from '#kernel/context'
import { exportLines } from './chain/export-lines.ts'
import { chainHead, firstBlockSince, nextBlock } from './store/chain.ts'

/** A part of the chain: the blocks sealed at or after `from` and before `to`. */
export interface ExportRange {
  readonly from?: Date | undefined
  readonly to?: Date | undefined
}

/**
 * A tenant's chain as lines with line breaks, in the format of `exportLines`. It ends with the block that was the last
 * when the export began. Each block is read by a query of its own.
 */
export async function* exportChain(
  on: Pick<Ctx, 'db' | 'tenantId'>,
  { from, to }: ExportRange,
  now: Date,
): AsyncGenerator<string> {
  const through = (await chainHead(on))?.number ?? 0
  // Block headers are never deleted: a full export begins with block 1, and one missing in the database is a problem.
  const first = from === undefined ? FIRST_BLOCK : await firstBlockSince(on, from.toISOString())
  const until = to?.toISOString()
  const isInRange = (after: number) => first !== undefined && after < through
  const next = async (after: number) => (isInRange(after) ? nextBlock(on, { after, sealedBefore: until }) : undefined)
  yield* exportLines(on.tenantId, now, { first: first ?? FIRST_BLOCK, until: until ?? null }, next)
}

const FIRST_BLOCK = 1
