import { z } from 'zod'
import type { Block } from '../chain/record.ts'
import type { ProblemList } from './report.ts'

/** The event that retention leaves, in the chain itself, of every removal: which blocks have no events from then on. */
export const RETENTION_ACTION = 'audit.retention'

export const RetentionFacts = z.object({
  blocks_through: z.number().int(),
  events: z.number().int(),
  older_than: z.string(),
})

const RetentionEvent = z.looseObject({ action: z.literal(RETENTION_ACTION), after: RetentionFacts })

/** The product removes nothing younger, so an account of it is none. */
const KEPT_MILLISECONDS = 30 * 86_400_000

/** Holds blocks without events against what retention said that it removed. */
export function removals() {
  const without: { readonly block: Block; readonly line: number }[] = []
  let accounts: { readonly through: number; readonly olderThan: number }[] = []
  const isExplained = ({ number, last_event_at }: Block) =>
    accounts.some(({ through, olderThan }) => number <= through && Date.parse(last_event_at) < olderThan)
  return {
    get count() {
      return without.length
    },
    /** A block whose events are gone. */
    add(block: Block, line: number): void {
      without.push({ block, line })
    },
    /** An event of the chain, which may be one of retention, and the block that holds it. */
    look(event: object, holder: Block | undefined): void {
      const parsed = RetentionEvent.safeParse(event)
      if (!parsed.success || holder === undefined) return
      const { blocks_through: through, older_than } = parsed.data.after
      const olderThan = Date.parse(older_than)
      if (!(olderThan <= Date.parse(holder.sealed_at) - KEPT_MILLISECONDS)) return
      accounts = [
        ...accounts.filter((one) => one.through > through || one.olderThan > olderThan),
        { through, olderThan },
      ]
    },
    /** At the end: what nobody accounts for. In a part that ends early the account may stand later. */
    settle(until: string | null, problems: ProblemList): readonly string[] {
      const first = without.find(({ block }) => !isExplained(block))
      if (first === undefined) return []
      const { number } = first.block
      const message = `block ${number} has no events, and no event of retention accounts for that`
      if (until !== null) return [`${message} in this part of the chain`]
      problems.add({ kind: 'unexplained_removal', line: first.line, block: number, message })
      return []
    },
  }
}
