import { z } from 'zod'
import type { Block } from '../chain/record.ts'
import type { ProblemList } from './report.ts'

/** The action of the event that retention records in the chain for each deletion. */
export const RETENTION_ACTION = 'audit.retention'

export const RetentionFacts = z.object({
  blocks_through: z.number().int(),
  events: z.number().int(),
  older_than: z.string(),
})

const RetentionEvent = z.looseObject({ action: z.literal(RETENTION_ACTION), after: RetentionFacts })

/** The product never deletes events younger than this; a retention event that claims so is ignored as forged. */
const KEPT_MILLISECONDS = 30 * 86_400_000

/** Checks that every block without events is explained by a retention event in the chain. */
export function removals() {
  const without: { readonly block: Block; readonly line: number }[] = []
  let recorded: { readonly through: number; readonly olderThan: number }[] = []
  const isExplained = ({ number, last_event_at }: Block) =>
    recorded.some(({ through, olderThan }) => number <= through && Date.parse(last_event_at) < olderThan)
  return {
    get count() {
      return without.length
    },
    /** Adds a block without events. */
    addBlock(block: Block, line: number): void {
      without.push({ block, line })
    },
    /** Adds an event of the chain, and the block that contains it. Events other than retention's are ignored. */
    addEvent(event: object, holder: Block | undefined): void {
      const parsed = RetentionEvent.safeParse(event)
      if (!parsed.success || holder === undefined) return
      const { blocks_through: through, older_than } = parsed.data.after
      const olderThan = Date.parse(older_than)
      if (!(olderThan <= Date.parse(holder.sealed_at) - KEPT_MILLISECONDS)) return
      recorded = [
        ...recorded.filter((one) => one.through > through || one.olderThan > olderThan),
        { through, olderThan },
      ]
    },
    /**
     * Reports the first block without events that no retention event explains. In an export that ends early this is only
     * a note, because the retention event may come later in the chain.
     */
    finish(until: string | null, problems: ProblemList): readonly string[] {
      const first = without.find(({ block }) => !isExplained(block))
      if (first === undefined) return []
      const { number } = first.block
      const message = `block ${number} has no events, and no retention event explains that`
      if (until !== null) return [`${message} in this part of the chain`]
      problems.add({ kind: 'unexplained_removal', line: first.line, block: number, message })
      return []
    },
  }
}
