import { randomBytes } from 'node:crypto'
import type { Person, PersonFacts } from '../personal-data.ts'

/** Makes a person from identifiers, which are normalised for comparison. */
export function personOf(facts: PersonFacts, salt = randomBytes(16).toString('hex')): Person {
  return {
    emails: collected(facts.emails, normalEmail),
    phones: collected(facts.phones, normalPhone),
    names: collected(facts.names, normalName),
    refs: collected(facts.refs, (ref) => ref),
    salt,
  }
}

/** The same person with further identifiers. */
export function withFacts(person: Person, facts: PersonFacts): Person {
  return personOf(
    {
      emails: [...person.emails, ...(facts.emails ?? [])],
      phones: [...person.phones, ...(facts.phones ?? [])],
      names: [...person.names, ...(facts.names ?? [])],
      refs: [...person.refs, ...(facts.refs ?? [])],
    },
    person.salt,
  )
}

/** The number of known identifiers. */
export const factsKnown = ({ emails, phones, names, refs }: Person) =>
  emails.size + phones.size + names.size + refs.size

/** The ids of one kind: for `user:usr_1`, `idsOf(person, 'user')` is `['usr_1']`. */
export function idsOf(person: Person, kind: string): string[] {
  return [...person.refs].filter((ref) => ref.startsWith(`${kind}:`)).map((ref) => ref.slice(kind.length + 1))
}

export const EMAIL = /^[^\s@<>",;]+@[^\s@<>"',;]+\.[^\s@<>"',;]+$/
/** Fewer digits may be an extension or house number, and would match everywhere. */
const PHONE_DIGITS_MIN = 7
const PHONE_DIGITS_MAX = 15

function normalEmail(text: string): string | undefined {
  const email = text.trim().normalize('NFC').toLowerCase()
  return EMAIL.test(email) ? email : undefined
}

function normalPhone(text: string): string | undefined {
  const digits = text.replaceAll(/\D/g, '')
  if (digits.length < PHONE_DIGITS_MIN || digits.length > PHONE_DIGITS_MAX) return undefined
  return /^\s*(\+|00)/.test(text) ? `+${digits.replace(/^00/, '')}` : digits
}

/** The last digits of a number, which are the same with and without country prefix. */
export const PHONE_CORE_DIGITS = 9

/** The digits by which phone numbers are compared. */
export const phoneCore = (phone: string) => phone.replaceAll(/\D/g, '').slice(-PHONE_CORE_DIGITS)

function normalName(text: string): string | undefined {
  const name = text.normalize('NFC').replaceAll(/\s+/g, ' ').trim()
  return name.length > 1 ? name : undefined
}

function collected(texts: Iterable<string> | undefined, normal: (text: string) => string | undefined): Set<string> {
  return new Set([...(texts ?? [])].flatMap((text) => normal(text) ?? []))
}
