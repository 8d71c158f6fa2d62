import type { Ctx } from '#kernel/context'
import { Failure } from '#kernel/failure'
import type { Person, PersonalData, PersonFacts } from '#kernel/personal-data'
import { factsKnown, withFacts, personOf } from '#kernel/personal-data/person'

/** More rounds or facts than this are not one person, but a mistake in the data. */
const ROUNDS_MAX = 6
const FACTS_MAX = 200

/** Returns the personal-data holders of all modules. Call it only after all modules are built. */
export type Holders = () => readonly PersonalData[]

/**
 * Collects all identifiers of a person: asks every holder for more of them (a contact has the phone, an account the user
 * id) until none is new. Throws `conflict` when there are too many, because some record is then shared by many people.
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
  throw new Failure(
    'conflict',
    'The records of this person are linked to too many others. Name the person by id, such as user:usr_….',
    {
      code: 'PERSON_AMBIGUOUS',
    },
  )
}
