/** Why the audit trail withholds a value. */
export type Withheld = 'secret' | 'personal' | 'too large'

/** Words in a field's name that mark its value as secret. */
const SECRET_WORDS = [
  'password passwd passphrase passcode pwd pin secret token jwt bearer authorization cookie credential otp totp',
  'key hash salt mnemonic signature verifier backup_code recovery_code private',
]

/** Words in a field's name that mark its value as personal. */
const PERSONAL_WORDS = [
  'email mail phone mobile fax telephone first_name last_name full_name given_name family_name middle_name',
  'maiden_name surname nickname username user_name display_name contact_name person_name address street postcode',
  'postal_code zip zip_code ip remote_addr birthday birth_date birthdate date_of_birth dob ssn iban passport avatar photo',
  'user_agent latitude longitude',
]

/**
 * Last words that make a field harmless: `token_id` and `email_verified` describe the secret or address but do not
 * contain it.
 */
const ABOUT_WORDS = [
  'id count at on kind type prefix length changed enabled days seconds minutes hours version bytes algorithm status',
  'verified required sent opened consent template until policy',
]

/** Parent fields under which `name` is a person's name. */
const PERSONS = new Set('contact contacts person people user users member members invitee inviter author'.split(' '))

const SECRET = words(SECRET_WORDS)
const PERSONAL = words(PERSONAL_WORDS)
const ABOUT = words(ABOUT_WORDS)

/** Whether a field is withheld by its name; `parent` is the field that contains it. */
export function fieldRule(name: string, parent: string | undefined): Withheld | undefined {
  const known = decided.get(name)
  const rule = known === undefined ? decide(name) : known
  if (rule !== null) return rule
  return name === 'name' && parent !== undefined && PERSONS.has(parent.toLowerCase()) ? 'personal' : undefined
}

/** Patterns of secrets and personal data in any text, whatever the field's name. */
export const VALUE_RULES: readonly (readonly [RegExp, Withheld])[] = [
  [/\bplim_[\w-]{16,}/g, 'secret'],
  [/\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g, 'secret'],
  [/\b(?:Bearer|Basic)\s+[\w.~+/=-]{8,}/gi, 'secret'],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*-----|$)/g, 'secret'],
  [/(?<=:\/\/)[^\s/@"']*:[^\s/@"']*(?=@)/g, 'secret'],
  [/[^\s@"'<>(),;:]+@[^\s@"'<>(),;:]+\.[\p{L}\d-]{2,}/gu, 'personal'],
  [/(?<![\d+])\+\d[\d\s().-]{6,}\d/g, 'personal'],
]

/** The placeholder of a withheld value. */
export const withheld = (what: Withheld): string => `[withheld: ${what}]`

/** Decisions by field name. Our own names are few and repeat; the bound is for names that callers choose. */
const decided = new Map<string, Withheld | null>()
const NAMES_MAX = 2000

function decide(name: string): Withheld | null {
  const parts = name
    .replaceAll(/([a-z\d])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^\p{L}\d]+/u)
  const rule = has(parts.slice(-1), ABOUT)
    ? null
    : has(parts, SECRET)
      ? 'secret'
      : has(parts, PERSONAL)
        ? 'personal'
        : null
  if (decided.size < NAMES_MAX) decided.set(name, rule)
  return rule
}

/** Whether one word, or two or three consecutive ones, are in the list. */
function has(parts: readonly string[], known: ReadonlySet<string>): boolean {
  const isKnown = (word: string) => known.has(word) || (word.endsWith('s') && known.has(word.slice(0, -1)))
  return parts.some((_, at) => [1, 2, 3].some((length) => isKnown(parts.slice(at, at + length).join('_'))))
}

function words(lines: readonly string[]): ReadonlySet<string> {
  return new Set(lines.flatMap((line) => line.split(' ')))
}
