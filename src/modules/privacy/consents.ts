import { change } from '#kernel/writes/single-change'
import type { Ctx } from '#kernel/context'
import { Failure } from '#kernel/failure'
import { newId } from '#kernel/ids'
import { personOf } from '#kernel/personal-data/person'
import { requireScope } from '#kernel/writes/scope'
import type { Consent, ConsentInput } from './contract.ts'
import { identifyPerson } from './identify-person.ts'
import type { PrivacyParts } from './request-erasure.ts'
import { insertConsent, listConsents } from './store/consents.ts'
import type { ConsentRow, NewConsent } from './store/consents.ts'
import { identifiersOf, readSubject } from './subject.ts'

const LIMIT = 500

/** Adds a line to what a person agreed to or took back; none is ever changed. */
export function recordConsent({ keys }: PrivacyParts) {
  const save = change<NewConsent, Consent>('privacy.record-consent', 'privacy:write', async (ctx, consent) => {
    const result = shown(await insertConsent(ctx, consent))
    return { result, subject: result.consent_id, after: { ...result, subject_hash: consent.hash } }
  })
  return async (ctx: Ctx, input: ConsentInput): Promise<Consent> => {
    requireScope(ctx, 'privacy:write')
    const { person, occurred_at, ...said } = input
    const occurredAt = occurred_at === undefined ? ctx.clock() : new Date(occurred_at)
    if (occurredAt > ctx.clock()) {
      const problem = { path: 'occurred_at', expected: 'a time that has passed', example: ctx.clock().toISOString() }
      throw new Failure('invalid', 'Nobody has consented in the future.', { problems: [problem] })
    }
    const identifier = identifiersOf(personOf(readSubject(person)))[0] ?? ''
    const subject = identifier.replace(/^(email|phone):/, '')
    const hash = (await keys.hasher(ctx))(identifier)
    return save(ctx, { ...said, id: newId('cst', ctx.clock()), subject, hash, occurredAt })
  }
}

/** Where a person stands on each purpose, and how it came about, the newest first. */
export function consentsOf({ holders, keys }: PrivacyParts) {
  return async (ctx: Ctx, input: { readonly person: string }) => {
    requireScope(ctx, 'privacy:read')
    const person = await identifyPerson(ctx, holders, readSubject(input.person))
    const hash = await keys.hasher(ctx)
    const history = (await listConsents(ctx, identifiersOf(person).map(hash), LIMIT)).map(shown)
    const newest = new Map<string, Consent>()
    for (const consent of history) if (!newest.has(consent.purpose)) newest.set(consent.purpose, consent)
    return { current: [...newest.values()], history }
  }
}

function shown(row: ConsentRow): Consent {
  const { consent_id, purpose, basis, state, source, occurred_at, recorded_at } = row
  const times = { occurred_at: occurred_at.toISOString(), recorded_at: recorded_at.toISOString() }
  return { consent_id, purpose, basis, state, source, ...times }
}
