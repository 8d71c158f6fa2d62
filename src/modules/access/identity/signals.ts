/** The signal that a session ended; the payload is its id. A database trigger sends it when the row is deleted. */
export const SESSION_REVOKED = 'access.session-revoked'

/**
 * The signal that a member was removed, got another role or withdrew a consent; the payload is `<user id> <tenant id>`.
 * A database trigger sends it.
 */
export const MEMBERSHIP_CHANGED = 'access.membership-changed'

/** The signal that a signing key was created or retired; the payload is empty. */
export const SIGNING_KEYS_CHANGED = 'access.signing-keys-changed'
