import type { Signals } from '#kernel/database/signals'
import { MEMBERSHIP_CHANGED, SESSION_REVOKED } from '../identity/signals.ts'
import type { Revocations } from './verify-token.ts'

/** What a client was granted in a session was taken back: payload is `<session id> <client id>`. Told by the database. */
const CLIENT_REVOKED = 'access.oauth-client-revoked'

/** Hears from every process what ends access tokens. */
export function heardRevocations(signals: Signals): Revocations {
  return {
    get connected() {
      return signals.connected
    },
    onRevoked(act) {
      signals.subscribe(SESSION_REVOKED, (payload) => act(`session ${payload}`))
      signals.subscribe(MEMBERSHIP_CHANGED, (payload) => act(`member ${payload}`))
      signals.subscribe(CLIENT_REVOKED, (payload) => act(`client ${payload}`))
      signals.onLost(() => act(undefined))
    },
  }
}
