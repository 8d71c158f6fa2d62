import { z } from 'zod'
import type { ProblemList } from './report.ts'

/** The event that retention leaves, in the chain itself, of every removal: which blocks have no events from then on. */
export const RETENTION_ACTION = 'audit.retention'

export const RetentionFacts = z.object({
  blocks_through: z.number().int(),
  events: z.number().int(),
  older_than: z.string(),
})

const RetentionEvent = z.looseObject({ action: z.literal(RETENTION_ACTION), after: RetentionFacts })

/** Holds blocks without events against what retention said that it removed. */
export function removals() {
  const without: { readonly number: number; readonly line: number }[] = []
  let through = 0
  let count = 0
  return {
    get count() {
      return count
    },
    /** A block whose events are gone. */
    add(number: number, line: number): void {
      count += 1
      without.push({ number, line })
    },
    /** An event of the chain, which may be one of retention. */
    look(event: object): void {
      const parsed = RetentionEvent.safeParse(event)
      if (parsed.success) through = Math.max(through, parsed.data.after.blocks_through)
    },
    /** At the end: what nobody accounts for. In a part that ends early the account may stand later. */
    settle(until: string | null, problems: ProblemList): readonly string[] {
      const unexplained = without.filter(({ number }) => number > through)
      const [first] = unexplained
      if (first === undefined) return []
      const message = `block ${first.number} has no events, and no event of retention accounts for that`
      if (until !== null) return [`${message} in this part of the chain`]
      problems.add({ kind: 'unexplained_removal', line: first.line, block: first.number, message })
      return []
    },
  }
}
