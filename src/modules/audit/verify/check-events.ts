import type { EventEntry } from '../chain/record.ts'
import type { ProblemList } from './report.ts'

/** An event line that follows a block line in the file. */
export interface FoundEvent {
  readonly id: string
  readonly hash: string
  readonly line: number
}

/** Compares the entries of a block with the event lines that follow it, and reports each difference. */
export function checkEvents(
  { number, events }: { readonly number: number; readonly events: readonly EventEntry[] | null },
  blockLine: number,
  found: readonly FoundEvent[],
  problems: ProblemList,
): void {
  const entries = events ?? []
  const listed = new Map(entries)
  const seen = new Set<string>()
  const inBlock = { block: number }
  for (const { id, hash, line } of found) {
    const expected = listed.get(id)
    if (expected === undefined) {
      const message = `event ${id} is not one of block ${number}: it was inserted`
      problems.add({ kind: 'inserted_event', line, ...inBlock, event: id, message })
    } else if (seen.has(id)) {
      const message = `event ${id} stands in block ${number} twice`
      problems.add({ kind: 'inserted_event', line, ...inBlock, event: id, message })
    } else if (expected !== hash) {
      const message = `event ${id} in block ${number} was altered: its hash is not the one that was sealed`
      problems.add({ kind: 'altered_event', line, ...inBlock, event: id, message })
    }
    seen.add(id)
  }
  for (const [at, [id]] of entries.entries()) {
    if (seen.has(id)) continue
    const message = `event ${id} of block ${number} is missing`
    problems.add({ kind: 'missing_event', line: blockLine + 1 + at, ...inBlock, event: id, message })
  }
  checkOrder(number, entries, found, problems)
}

function checkOrder(
  number: number,
  entries: readonly EventEntry[],
  found: readonly FoundEvent[],
  problems: ProblemList,
): void {
  const places = new Map(entries.map(([id], at) => [id, at]))
  let last = -1
  let lastId = ''
  for (const { id, line } of found) {
    const place = places.get(id)
    if (place === undefined) continue
    if (place < last) {
      const message = `event ${id} in block ${number} stands after ${lastId}, which came later: they were reordered`
      problems.add({ kind: 'reordered_events', line, block: number, event: id, message })
      return
    }
    last = place
    lastId = id
  }
}
