import type { Db } from '#kernel/database/db'
import type { IdentityEvents } from './events.ts'
import type { KeyedHash } from './keyed-hash.ts'
import type { LockoutGuard } from './lockout.ts'

/** The dependencies of the rules around the library's endpoints. */
export interface WatchParts {
  readonly db: Db
  readonly events: IdentityEvents
  readonly guard: LockoutGuard
  readonly hash: () => Promise<KeyedHash>
}
