/** A session ended, whoever ended it: payload is its id. Told by the database, with the commit that deletes the row. */
export const SESSION_REVOKED = 'access.session-revoked'

/** A member was removed, has another role or took back a consent: payload is `<user id> <tenant id>`, told by the database. */
export const MEMBERSHIP_CHANGED = 'access.membership-changed'

/** There is a new signing key, or one was retired: the payload is empty. */
export const SIGNING_KEYS_CHANGED = 'access.signing-keys-changed'
