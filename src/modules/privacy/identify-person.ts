import type { Ctx } from '#kernel/context'
import { Failure } from '#kernel/failure'
import type { Person, PersonalData, PersonFacts } from '#kernel/personal-data'
import { factsKnown, withFacts, personOf } from '#kernel/personal-data/person'

/** A chain longer than this is no person any more but a mistake in the data. */
const ROUNDS_MAX = 6
const FACTS_MAX = 200

/** Of every module: what it holds about people. Asked for when all modules exist. */
export type Holders = () => readonly PersonalData[]

/**
 * Asks every holder what else it knows of a person – a contact knows the phone, an account the user id – until nobody
 * knows more. Throws `conflict` when that does not end: some record is then shared by many people.
 */
export async function identifyPerson(ctx: Ctx, holders: Holders, facts: PersonFacts): Promise<Person> {
  let person = personOf(facts)
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const before = factsKnown(person)
    for (const { identify } of holders()) {
      if (identify !== undefined) person = withFacts(person, await identify(ctx, person))
    }
    if (factsKnown(person) > FACTS_MAX) break
    if (factsKnown(person) === before) return person
  }
  throw new Failure('conflict', 'The records of this person lead on to too many others. Name the person by an id.', {
    code: 'PERSON_AMBIGUOUS',
  })
}
