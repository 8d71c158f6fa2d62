/**
 * A personal value of an audit event. In the audit trail it is encrypted under that person's key, which erasure
 * destroys; it is written nowhere else. `person` is a ref such as `user:usr_1` or `contact:cnt_1`: an id, never a name
 * or an e-mail address.
 */
export class Personal {
  readonly person: string
  readonly value: unknown

  constructor(person: string, value: unknown) {
    this.person = person
    this.value = value
  }
}

/** Marks a value in `before` or `after` as personal data of this person. Undefined and null are returned unmarked. */
export function personal(person: string, value: unknown): unknown {
  return value === undefined || value === null ? value : new Personal(person, value)
}

/** Prefix of the refs of free texts. */
export const TEXT_REF = 'text:'

/**
 * Marks free text, which may mention anyone. It is encrypted under a key of this record and day, and an erasure of a
 * person mentioned in it destroys that key. `record` is a kind and an id: `customer:cus_1`.
 */
export function freeText(record: string, at: Date, value: unknown): unknown {
  return personal(`${TEXT_REF}${record}:${at.toISOString().slice(0, 10)}`, value)
}
