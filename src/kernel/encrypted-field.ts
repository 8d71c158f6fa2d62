import type { Db } from './database/db.ts'
import type { Keyring } from './keyring.ts'

/** One encrypted column, for re-encryption under the current key. */
export interface EncryptedField {
  /** `access.two-factor-secret`: unique, kept with the progress of a rotation. */
  readonly name: string
  /**
   * Re-encrypts the next rows after `cursor` that are under another key than the current one, at most `rowsMax`, across
   * tenants (`db` is the system handle). Resolves with the cursor to go on from; undefined when there are no more.
   */
  readonly reencrypt: (
    db: Db,
    keyring: Keyring,
    cursor: string | undefined,
    rowsMax: number,
  ) => Promise<{ readonly rows: number; readonly cursor: string | undefined }>
}
