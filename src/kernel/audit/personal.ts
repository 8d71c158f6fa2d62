/**
 * A value that is about a person. In the audit trail it is encrypted under that person's own key, which erasure
 * destroys; everywhere else it is never written. `person` is a ref such as `user:usr_1` or `contact:cnt_1`: an id, never
 * a name or an address.
 */
export class Personal {
  readonly person: string
  readonly value: unknown

  constructor(person: string, value: unknown) {
    this.person = person
    this.value = value
  }
}

/** Marks a value in `before` or `after` as being about this person; undefined and null need no mark. */
export function personal(person: string, value: unknown): unknown {
  return value === undefined || value === null ? value : new Personal(person, value)
}

/** Begins the refs of texts. */
export const TEXT_REF = 'text:'

/**
 * Marks free text, which may mention anybody. It is encrypted under a key of this record and day, which an erasure of
 * somebody who is mentioned in it destroys. `record` is a kind and an id: `customer:cus_1`.
 */
export function freeText(record: string, at: Date, value: unknown): unknown {
  return personal(`${TEXT_REF}${record}:${at.toISOString().slice(0, 10)}`, value)
}
