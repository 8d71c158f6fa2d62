import { destroyPersonKeys } from '#kernel/audit/person-keys'
import type { Ctx } from '#kernel/context'
import type { Person, PersonalData, PersonalDataOutcome } from '#kernel/personal-data'
import { mentioningEvents } from './mentioning-events.ts'
import type { MentioningEvent } from './mentioning-events.ts'
import { countEventsOfPerson, eventsOfPerson } from './store/events.ts'

const PAGE = 500
const EXPORTED_MAX = 100_000

/**
 * The personal-data holder of the audit trail. Erasure keeps the events and destroys the keys of the person's values in
 * them, so that nobody can decrypt these values any more.
 */
export function auditPersonalData(retentionDays: number): PersonalData {
  const outcome = async (ctx: Ctx, person: Person, mentions: number): Promise<PersonalDataOutcome> => {
    const { events, values } = await countEventsOfPerson(ctx, idsOf(person))
    const why = `audit events are kept for ${retentionDays} days as proof of who did what and when; they contain ids only, and nobody can read the personal values in them any more`
    return {
      erased: 0,
      pseudonymised: values,
      scrubbed: mentions,
      kept: events === 0 ? [] : [{ what: 'audit events', count: events, why }],
    }
  }
  return {
    name: 'audit.events',
    describe: 'Audit events by or about the person, with the recorded values, encrypted with keys of their own.',
    tables: ['audit.events', 'audit.person_keys'],
    preview: async (ctx, person) => outcome(ctx, person, (await mentioningEvents(ctx, person)).length),
    async export(ctx, person) {
      const rows: Record<string, unknown>[] = []
      let after = ''
      while (rows.length < EXPORTED_MAX) {
        const page = await eventsOfPerson(ctx, idsOf(person), after, PAGE)
        const contents = page.flatMap((event) => [event.before, event.after])
        const shown = await ctx.personKeys.open(ctx, contents, person.refs)
        for (const [place, event] of page.entries()) {
          const { id, at, action, subject, outcome: how, actor_kind, actor_id } = event
          const by = `${actor_kind}:${actor_id}`
          rows.push({
            id,
            at,
            action,
            subject,
            outcome: how,
            by,
            before: shown[2 * place],
            after: shown[2 * place + 1],
          })
        }
        if (page.length < PAGE) return [...rows, ...(await mentioningEvents(ctx, person)).map(mentioned)]
        after = page.at(-1)?.id ?? ''
      }
      return [...rows, { left_out: `events after ${after}: an export holds the first ${EXPORTED_MAX}` }]
    },
    async erase(ctx, person) {
      const found = await mentioningEvents(ctx, person)
      const done = await outcome(ctx, person, found.length)
      await destroyPersonKeys(ctx, [...person.refs, ...found.flatMap(({ refs }) => refs)])
      return done
    },
  }
}

/** An event about somebody else that mentions the person: its contents are not exported, they are not about them. */
const mentioned = ({ event: { id, at, action, subject } }: MentioningEvent) => ({
  id,
  at,
  action,
  subject,
  relation: 'mentioned',
})

/** Events name the owner of a value by ref (`user:usr_1`), and an actor or subject by id alone (`usr_1`). */
function idsOf({ refs }: Person): { readonly refs: readonly string[]; readonly ids: readonly string[] } {
  const all = [...refs]
  return { refs: all, ids: [...all, ...all.map((ref) => ref.slice(ref.indexOf(':') + 1))] }
}
