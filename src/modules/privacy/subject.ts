import { Failure } from '#kernel/failure'
import type { Person, PersonFacts } from '#kernel/personal-data'
import { EMAIL, personOf } from '#kernel/personal-data/person'
import type { KnownPerson } from './contract.ts'

const REF = /^(user|contact|event-user):(.{1,250})$/
const ID_PREFIXES: Readonly<Record<string, string>> = { usr: 'user', cnt: 'contact', con: 'contact' }

/** Parses an e-mail, phone number or id. Throws `invalid` for any other text. */
export function readSubject(text: string): PersonFacts {
  const trimmed = text.trim()
  if (EMAIL.test(trimmed)) return { emails: [trimmed] }
  if (REF.test(trimmed)) return { refs: [trimmed] }
  const kind = ID_PREFIXES[/^([a-z]+)_/.exec(trimmed)?.[1] ?? '']
  if (kind !== undefined) return { refs: [`${kind}:${trimmed}`] }
  if (/^[+(\d][\d\s()./-]+$/.test(trimmed) && personOf({ phones: [trimmed] }).phones.size > 0) {
    return { phones: [trimmed] }
  }
  throw new Failure('invalid', 'The field person is not an e-mail, phone number or id.', {
    problems: [
      {
        path: 'person',
        expected: 'an e-mail, a phone number of 7 to 15 digits, or an id (user:usr_…, contact:cnt_…, event-user:…)',
        example: 'ada@example.com',
      },
    ],
  })
}

/** All identifiers of a person with their kinds (`email:ada@example.com`), as they are hashed. */
export function identifiersOf(person: Person): string[] {
  return [
    ...[...person.emails].map((email) => `email:${email}`),
    ...[...person.phones].map((phone) => `phone:${phone.replaceAll(/\D/g, '')}`),
    ...[...person.refs],
  ].toSorted()
}

export function knownOf({ emails, phones, names, refs }: Person): KnownPerson {
  return {
    emails: [...emails].toSorted(),
    phones: [...phones].toSorted(),
    names: [...names].toSorted(),
    refs: [...refs].toSorted(),
  }
}
