import { z } from 'zod'
import { NotEnoughData, notEnoughData } from '../record/not-enough-data.ts'
import type { Personas } from './store/patterns.ts'

/** How people are divided; counted by `userPersonas` in `store/patterns.ts`. */
const PERSONA_RULE =
  'share of their customer’s active days on which a person came: power from half, regular from a fifth, occasional less; dormant: only in the period before'

/** Named people by how steadily they come. */
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
