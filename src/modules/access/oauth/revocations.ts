import type { Signals } from '#kernel/database/signals'
import { MEMBERSHIP_CHANGED, SESSION_REVOKED } from '../identity/signals.ts'
import type { Revocations } from './verify-token.ts'

/** The signal that a grant of a client was revoked; the payload is its id. A database trigger sends it. */
const GRANT_REVOKED = 'access.oauth-grant-revoked'

/** The revocations that invalidate access tokens, received as signals. */
export function revocationSignals(signals: Signals): Revocations {
  return {
    get connected() {
      return signals.connected
    },
    onRevoked(listener) {
      signals.subscribe(SESSION_REVOKED, (payload) => listener(`session ${payload}`))
      signals.subscribe(MEMBERSHIP_CHANGED, (payload) => listener(`member ${payload}`))
      signals.subscribe(GRANT_REVOKED, (payload) => listener(`grant ${payload}`))
      signals.onLost(() => listener(undefined))
    },
  }
}
