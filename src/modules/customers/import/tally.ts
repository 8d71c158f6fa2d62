import type { ReadBatch } from './import-step.ts'

/** The counts of a running step. */
export interface StepTally {
  read: number
  accepted: number
  filteredOut: number
  rejected: number
  rejectedWithParent: number
  readonly flags: Map<string, number>
  readonly rejections: Map<string, number>
}

export function emptyTally(): StepTally {
  return {
    ...{ accepted: 0, read: 0, filteredOut: 0, rejected: 0, rejectedWithParent: 0 },
    flags: new Map(),
    rejections: new Map(),
  }
}

/** Adds a batch. `refused` of its accepted rows are among its rejected ones, because the database refused them. */
export function addToTally(tally: StepTally, batch: ReadBatch, refused: number): void {
  tally.read += batch.accepted.length - refused + batch.rejected.length + batch.filteredOut
  tally.accepted += batch.accepted.length - refused
  tally.filteredOut += batch.filteredOut
  for (const { problems } of batch.rejected) {
    if (problems.every(({ isInherited }) => isInherited)) tally.rejectedWithParent += 1
    else tally.rejected += 1
    for (const { reason } of problems) tally.rejections.set(reason, (tally.rejections.get(reason) ?? 0) + 1)
  }
  for (const [name, count] of batch.flags) tally.flags.set(name, (tally.flags.get(name) ?? 0) + count)
}
