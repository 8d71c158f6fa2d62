import type { Ctx } from '#kernel/context'
import type { Person, PersonalData, PersonalDataOutcome } from '#kernel/personal-data'
import { countConsents, forgetConsentSubject, listConsents } from './store/consents.ts'
import { countRequestsOf, listRequestsOf } from './store/requests.ts'
import { subjectOf } from './request-erasure.ts'
import { identifiersOf } from './subject.ts'
import type { TenantKeys } from './tenant-keys.ts'

const ROWS_MAX = 10_000

/** The holders of this module: consents, and privacy requests, which name nobody once they are completed. */
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
      describe: 'Consents that the person gave or withdrew.',
      tables: ['privacy.consents'],
      export: async (ctx, person) =>
        (await listConsents(ctx, await hashesOf(ctx, person), ROWS_MAX)).map((row) => ({ relation: 'own', ...row })),
      preview: async (ctx, person) => consentOutcome(await countConsents(ctx, await hashesOf(ctx, person))),
      erase: async (ctx, person) => consentOutcome(await forgetConsentSubject(ctx, await hashesOf(ctx, person))),
    },
    {
      name: 'privacy.requests',
      describe: 'Requests to export and to erase personal data, and erased addresses as keyed hashes.',
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

const WHY_CONSENTS = 'It must be provable that consent was given or withdrawn (GDPR Art. 7(1)).'
const WHY_REQUESTS = 'It must be provable that the request was answered (GDPR Art. 5(2)).'
