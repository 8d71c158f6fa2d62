import type { Db } from '#kernel/database/db'
import type { IdentityEvent } from './events.ts'
import type { KeyedHash } from './keyed-hash.ts'
import { findDefaultTenant, findPersonIdByEmail } from './store/people.ts'

/**
 * An audit event about the account with this e-mail, by a caller who is not authenticated. The same work is done when
 * there is no such account, so that the time it takes does not reveal which.
 */
export async function eventOfEmail(
  { db, hash }: { readonly db: Db; readonly hash: () => Promise<KeyedHash> },
  email: string,
  fields: Pick<IdentityEvent, 'action' | 'outcome' | 'reason'>,
): Promise<IdentityEvent> {
  const about = await findPersonIdByEmail(db, email)
  const tenantId = await findDefaultTenant(db, about ?? '')
  const hidden = (await hash())('email', email.toLowerCase()).toString('hex')
  return { ...fields, tenantId, ...(about === undefined ? { subject: `email:${hidden}` } : { about, subject: about }) }
}
