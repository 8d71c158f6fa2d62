import { z } from 'zod'
import { operation } from '#kernel/calls/operation'
import { Failure } from '#kernel/failure'
import { newId } from '#kernel/ids'
import { personOf } from '#kernel/personal-data/person'
import { change } from '#kernel/writes/change'
import { Consent, ConsentInput, PreviewInput } from './contract.ts'
import { identifyPerson } from './identify-person.ts'
import type { PrivacyParts } from './request-erasure.ts'
import { insertConsent, listConsents } from './store/consents.ts'
import type { ConsentRow } from './store/consents.ts'
import { identifiersOf, readSubject } from './subject.ts'

const LIMIT = 500

/** Records that a person gave or withdrew consent. Records are only added, never changed. */
export const recordConsent = ({ keys }: PrivacyParts) =>
  change({
    action: 'privacy.record-consent',
    scope: 'privacy:write',
    effect: 'create',
    input: ConsentInput,
    output: Consent,
    async work(ctx, { person, occurred_at: said, ...consent }) {
      const now = ctx.clock()
      const occurred_at = said === undefined ? now : new Date(said)
      if (occurred_at > now) {
        const problem = { path: 'occurred_at', expected: 'a time in the past', example: now.toISOString() }
        throw new Failure('invalid', 'The field occurred_at is in the future.', { problems: [problem] })
      }
      const identifier = identifiersOf(personOf(readSubject(person)))[0] ?? ''
      const subject = identifier.replace(/^(email|phone):/, '')
      const subject_hash = (await keys.hasher(ctx))(identifier)
      const consent_id = newId('cst', now)
      const result = shown(await insertConsent(ctx, { ...consent, consent_id, subject, subject_hash, occurred_at }))
      return { result, subject: consent_id, after: { ...result, subject_hash } }
    },
  })

/** A person's current consent for each purpose, and the history of all records, newest first. */
export const consentsOf = ({ holders, keys }: PrivacyParts) =>
  operation({
    scope: 'privacy:read',
    effect: 'read',
    input: PreviewInput,
    output: z.object({ current: z.array(Consent), history: z.array(Consent) }),
    async run(ctx, { person: text }) {
      const person = await identifyPerson(ctx, holders, readSubject(text))
      const hash = await keys.hasher(ctx)
      const history = (await listConsents(ctx, identifiersOf(person).map(hash), LIMIT)).map(shown)
      const newest = new Map<string, Consent>()
      for (const consent of history) if (!newest.has(consent.purpose)) newest.set(consent.purpose, consent)
      return { current: [...newest.values()], history }
    },
  })

function shown({ subject: _subject, occurred_at, recorded_at, ...row }: ConsentRow): Consent {
  return { ...row, occurred_at: occurred_at.toISOString(), recorded_at: recorded_at.toISOString() }
}
