import type { Ctx } from '#kernel/context'
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
  on: Pick<Ctx, 'db' | 'tenantId'>,
  { from, to }: ExportRange,
  now: Date,
): AsyncGenerator<string> {
  const through = (await chainHead(on))?.number ?? 0
  // Blocks never go, so that a whole chain begins with the first, whatever the database says.
  const first = from === undefined ? FIRST_BLOCK : await firstBlockSince(on, from.toISOString())
  const until = to?.toISOString()
  const isInRange = (after: number) => first !== undefined && after < through
  const next = async (after: number) => (isInRange(after) ? nextBlock(on, { after, sealedBefore: until }) : undefined)
  yield* exportLines(on.tenantId, now, { first: first ?? FIRST_BLOCK, until: until ?? null }, next)
}

const FIRST_BLOCK = 1
