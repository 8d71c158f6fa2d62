import { VALUE_RULES, fieldRule, withheld } from './field-rules.ts'
import type { Withheld } from './field-rules.ts'
import { Personal } from './personal.ts'

/** Encrypts a personal value; the audit trail stores what it returns. */
export type SealPersonal = (person: string, json: string) => unknown

const CHARACTERS_MAX = 256 * 1024

/** The people whose values are marked with `personal()` in it. */
export function peopleIn(value: unknown, found: Set<string> = new Set()): Set<string> {
  if (value instanceof Personal) found.add(value.person)
  else if (typeof value === 'object' && value !== null) for (const inner of Object.values(value)) peopleIn(inner, found)
  return found
}

/** `before` or `after` as stored: JSON without secrets, and without unencrypted personal data. */
export function redactedJson(value: unknown, seal: SealPersonal): string | null {
  if (value === undefined || value === null) return null
  const json = JSON.stringify(redact(value, { seal, rule: undefined, parent: undefined })) ?? null
  return json === null || json.length <= CHARACTERS_MAX ? json : JSON.stringify(withheld('too large'))
}

/** A text outside `before` and `after`, redacted by the patterns alone because it has no field name. */
export function redactedText(text: string): string {
  let kept = text
  for (const [pattern, what] of VALUE_RULES) kept = kept.replaceAll(pattern, withheld(what))
  return storable(kept)
}

interface Place {
  readonly seal: SealPersonal
  /** The rule of the field that holds the value, or of an enclosing one. */
  readonly rule: Withheld | undefined
  readonly parent: string | undefined
}

function redact(value: unknown, place: Place): unknown {
  const { seal, rule } = place
  if (value === null || value === undefined || typeof value === 'boolean') return value
  if (rule === 'secret') return withheld('secret')
  if (value instanceof Personal) return seal(value.person, JSON.stringify(value.value) ?? 'null')
  if (Array.isArray(value)) return value.map((inner) => redact(inner, place))
  if (value instanceof Date) return rule === undefined ? value.toJSON() : withheld(rule)
  if (typeof value === 'object') return redactFields(value, place)
  if (rule !== undefined) return withheld(rule)
  if (typeof value === 'string') return redactedText(value)
  if (typeof value === 'number') return value
  return typeof value === 'bigint' ? value.toString() : undefined
}

function redactFields(value: object, { seal, rule, parent }: Place): Record<string, unknown> {
  const kept: [string, unknown][] = []
  for (const [name, inner] of Object.entries(value)) {
    const place = { seal, rule: rule ?? fieldRule(name, parent), parent: name }
    // A caller's field must not look like an encrypted value (`$person`).
    kept.push([redactedText(name.startsWith('$') ? `_${name}` : name), redact(inner, place)])
  }
  return Object.fromEntries(kept)
}

/** PostgreSQL stores neither NUL nor lone surrogates. */
function storable(text: string): string {
  const whole = text.isWellFormed() ? text : text.toWellFormed()
  return whole.includes('\0') ? whole.replaceAll('\0', '\u{FFFD}') : whole
}
