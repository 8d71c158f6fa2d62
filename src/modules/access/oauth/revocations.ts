import type { Signals } from '#kernel/database/signals'
import { MEMBERSHIP_CHANGED, SESSION_REVOKED } from '../identity/signals.ts'
import type { Revocations } from './verify-token.ts'

/** What a client was granted was taken back: payload is the id of the grant. Told by the database. */
const GRANT_REVOKED = 'access.oauth-grant-revoked'

/** Hears from every process what ends access tokens. */
export function heardRevocations(signals: Signals): Revocations {
  return {
    get connected() {
      return signals.connected
    },
    onRevoked(act) {
      signals.subscribe(SESSION_REVOKED, (payload) => act(`session ${payload}`))
      signals.subscribe(MEMBERSHIP_CHANGED, (payload) => act(`member ${payload}`))
      signals.subscribe(GRANT_REVOKED, (payload) => act(`grant ${payload}`))
      signals.onLost(() => act(undefined))
    },
  }
}
