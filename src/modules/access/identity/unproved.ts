import type { Db } from '#kernel/database/db'
import type { IdentityEvent } from './events.ts'
import type { KeyedHash } from './keyed-hash.ts'
import { findDefaultTenant, findPersonIdByEmail } from './store/people.ts'

/**
 * An event about whoever has this e-mail, which nobody proved to have. The same work is done when nobody has it, so that
 * how long it takes does not tell.
 */
export async function unproved(
  { db, hash }: { readonly db: Db; readonly hash: () => Promise<KeyedHash> },
  email: string,
  told: Pick<IdentityEvent, 'action' | 'outcome' | 'reason'>,
): Promise<IdentityEvent> {
  const about = await findPersonIdByEmail(db, email)
  const tenantId = await findDefaultTenant(db, about ?? '')
  const hidden = (await hash())('email', email.toLowerCase()).toString('hex')
  return { ...told, tenantId, ...(about === undefined ? { subject: `email:${hidden}` } : { about, subject: about }) }
}
