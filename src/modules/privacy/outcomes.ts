import { createHash } from 'node:crypto'
import { canonicalJson } from '#kernel/crypto/canonical-json'
import type { Ctx } from '#kernel/context'
import type { Person, PersonalData, PersonalDataOutcome } from '#kernel/personal-data'
import { isDistinctive } from '#kernel/personal-data/mentions'
import type { WriteCtx } from '#kernel/writes/change'
import type { HolderOutcome } from './contract.ts'
import type { Holders } from './identify-person.ts'
import { knownOf } from './subject.ts'

/** What each holder would do. */
export const previewsOf = (ctx: Ctx, holders: Holders, person: Person) =>
  inTurn(ctx, holders, (holder) => holder.preview(ctx, person))

/** What each holder does. */
export const erasuresOf = (ctx: WriteCtx, holders: Holders, person: Person) =>
  inTurn(ctx, holders, (holder) => holder.erase(ctx, person))

async function inTurn(
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

/** Rows that an erasure touches. */
export const touched = (outcomes: readonly HolderOutcome[]) =>
  outcomes.reduce((sum, { erased, pseudonymised, scrubbed }) => sum + erased + pseudonymised + scrubbed, 0)

/** Two rounds as one. What was kept is told by the first: the second finds none of the person's rows. */
export function added(first: readonly HolderOutcome[], second: readonly HolderOutcome[]): HolderOutcome[] {
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

/** Names that are looked for in the person's own rows only. */
export const notSearched = (person: Person) => [...person.names].filter((name) => !isDistinctive(name)).toSorted()

/** How many rows of each holder an erasure changes. */
export const countsOf = (outcomes: readonly HolderOutcome[]) =>
  outcomes.map(({ name, erased, pseudonymised, scrubbed }) => ({ name, erased, pseudonymised, scrubbed }))

/**
 * Whom an erasure is of and what it changes, in 43 characters. What is kept does not count: a preview is itself a request
 * and an event that are kept.
 */
export function digestOf(person: Person, found: readonly HolderOutcome[]): string {
  const erasure = canonicalJson({ person: knownOf(person), found: countsOf(found) })
  return createHash('sha256').update(erasure).digest('base64url')
}
