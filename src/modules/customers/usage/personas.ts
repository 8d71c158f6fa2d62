import { z } from 'zod'
import { NotEnoughData, notEnoughData } from '../record/not-enough-data.ts'
import type { Personas } from './store/patterns.ts'

/** The definition of the personas in words; `userPersonas` in `store/patterns.ts` implements it. */
const PERSONA_RULE =
  'share of the customer’s active days on which a person was active: power from 1/2, regular from 1/5, occasional below; dormant: active only in the preceding period'

/** Identified users, grouped by how regularly they use the product. */
export const UserPersonas = z.union([
  z.strictObject({
    people: z.int(),
    power: z.int(),
    regular: z.int(),
    occasional: z.int(),
    dormant: z.int(),
    rule: z.string(),
  }),
  NotEnoughData,
])

export function presentPersonas(personas: Personas): z.output<typeof UserPersonas> {
  const people = personas.power + personas.regular + personas.occasional + personas.dormant
  if (people > 0) return { people, ...personas, rule: PERSONA_RULE }
  return notEnoughData('usage events that name a user (user_id)')
}
