import type { Ctx } from '#kernel/context'
import type { Person, PersonalData, PersonalDataOutcome } from '#kernel/personal-data'
import { countConsents, forgetConsentSubject, listConsents } from './store/consents.ts'
import { countRequestsOf, listRequestsOf } from './store/requests.ts'
import { subjectOf } from './request-erasure.ts'
import { identifiersOf } from './subject.ts'
import type { TenantKeys } from './tenant-keys.ts'

const ROWS_MAX = 10_000

/** What this module itself holds: consents, and the requests of people, which name nobody once they are completed. */
export function privacyPersonalData(keys: TenantKeys): readonly PersonalData[] {
  const hashesOf = async (ctx: Ctx, person: Person) => identifiersOf(person).map(await keys.hasher(ctx))
  const consentOutcome = (count: number): PersonalDataOutcome => ({
    erased: 0,
    pseudonymised: count,
    kept: count === 0 ? [] : [{ what: 'consents under a keyed hash', count, why: WHY_CONSENTS }],
  })
  const requestOutcome = async (ctx: Ctx, person: Person): Promise<PersonalDataOutcome> => {
    const count = await countRequestsOf(ctx, (await keys.hasher(ctx))(subjectOf(person)))
    const kept = count === 0 ? [] : [{ what: 'privacy requests under a keyed hash', count, why: WHY_REQUESTS }]
    return { erased: 0, pseudonymised: 0, kept }
  }
  return [
    {
      name: 'privacy.consents',
      describe: 'What the person agreed to and took back.',
      tables: ['privacy.consents'],
      export: async (ctx, person) =>
        (await listConsents(ctx, await hashesOf(ctx, person), ROWS_MAX)).map((row) => ({ relation: 'own', ...row })),
      preview: async (ctx, person) => consentOutcome(await countConsents(ctx, await hashesOf(ctx, person))),
      erase: async (ctx, person) => consentOutcome(await forgetConsentSubject(ctx, await hashesOf(ctx, person))),
    },
    {
      name: 'privacy.requests',
      describe: 'Requests to see and to erase this data, and the addresses that were erased, as keyed hashes.',
      tables: ['privacy.requests', 'privacy.suppressions'],
      export: async (ctx, person) =>
        (await listRequestsOf(ctx, (await keys.hasher(ctx))(subjectOf(person)))).map((row) => ({
          relation: 'own',
          ...row,
        })),
      preview: requestOutcome,
      erase: requestOutcome,
    },
  ]
}

const WHY_CONSENTS = 'That consent was given or withdrawn has to be proved (GDPR Art. 7(1)).'
const WHY_REQUESTS = 'That the request was answered has to be proved (GDPR Art. 5(2)).'
