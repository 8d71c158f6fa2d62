import { createHash } from 'node:crypto'
import { canonicalJson } from '#kernel/crypto/canonical-json'
import type { Ctx } from '#kernel/context'
import type { Person, PersonalData, PersonalDataOutcome } from '#kernel/personal-data'
import { isDistinctive } from '#kernel/personal-data/mentions'
import type { WriteCtx } from '#kernel/writes/change'
import type { HolderOutcome } from './contract.ts'
import type { Holders } from './identify-person.ts'
import { knownOf } from './subject.ts'

/** The outcome that an erasure would have, by holder. */
export const previewsOf = (ctx: Ctx, holders: Holders, person: Person) =>
  oneByOne(ctx, holders, (holder) => holder.preview(ctx, person))

/** Erases the person in every holder. Returns the outcome by holder. */
export const erasuresOf = (ctx: WriteCtx, holders: Holders, person: Person) =>
  oneByOne(ctx, holders, (holder) => holder.erase(ctx, person))

async function oneByOne(
  { signal }: Ctx,
  holders: Holders,
  ask: (holder: PersonalData) => Promise<PersonalDataOutcome>,
): Promise<HolderOutcome[]> {
  const outcomes: HolderOutcome[] = []
  for (const holder of holders()) {
    signal.throwIfAborted()
    const { scrubbed = 0, kept, ...counts } = await ask(holder)
    outcomes.push({ name: holder.name, describe: holder.describe, ...counts, scrubbed, kept: [...kept] })
  }
  return outcomes
}

/** The number of rows that an erasure changes. */
export const touched = (outcomes: readonly HolderOutcome[]) =>
  outcomes.reduce((sum, { erased, pseudonymised, scrubbed }) => sum + erased + pseudonymised + scrubbed, 0)

/** The sum of two rounds. `kept` is taken from the first, because the second no longer finds the person's rows. */
export function summed(first: readonly HolderOutcome[], second: readonly HolderOutcome[]): HolderOutcome[] {
  return first.map((outcome) => {
    const more = second.find(({ name }) => name === outcome.name)
    if (more === undefined) return outcome
    return {
      ...outcome,
      erased: outcome.erased + more.erased,
      pseudonymised: outcome.pseudonymised + more.pseudonymised,
      scrubbed: outcome.scrubbed + more.scrubbed,
    }
  })
}

/** Names too common to be searched for in free text. */
export const notSearched = (person: Person) => [...person.names].filter((name) => !isDistinctive(name)).toSorted()

/** The number of rows that an erasure changes, by holder. */
export const countsOf = (outcomes: readonly HolderOutcome[]) =>
  outcomes.map(({ name, erased, pseudonymised, scrubbed }) => ({ name, erased, pseudonymised, scrubbed }))

/**
 * A SHA-256 hash of the person and of the rows that an erasure changes. Kept rows are not in it, because the preview
 * itself adds some: its request and its audit event.
 */
export function digestOf(person: Person, found: readonly HolderOutcome[]): string {
  const erasure = canonicalJson({ person: knownOf(person), found: countsOf(found) })
  return createHash('sha256').update(erasure).digest('base64url')
}
