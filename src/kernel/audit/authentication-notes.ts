import { networkShown } from '../network/address.ts'
import type { Clock } from '../clock.ts'
import type { Authenticate, Presented } from '../principal.ts'
import { Failure } from '../failure.ts'
import { newId } from '../ids.ts'
import { PLATFORM_TENANT } from './event.ts'
import type { AuditTrail } from './trail.ts'

const WINDOW_MILLISECONDS = 60_000
/** Attempts told apart within a minute; the rest count together, so that a flood costs neither memory nor rows. */
const DISTINCT_MAX = 500

/**
 * Notes credentials that were refused: the first of a minute from one network with one key at once, the others as a
 * number when the minute is over. What is stored of the caller is their network (the last part of the address left out)
 * and of the credential its kind, or the part of a key that may be shown. A request without a credential is no attempt.
 */
export function noteRefusals(
  authenticate: Authenticate,
  trail: Pick<AuditTrail, 'note'>,
  clock: Clock,
): { readonly authenticate: Authenticate; readonly close: () => void } {
  const attempts = refusedAttempts(trail, clock)
  const refused = (error: unknown, authorization: string | undefined, door: Presented): void => {
    if (!(error instanceof Failure) || authorization === undefined) return
    if (error.kind === 'unauthenticated' || error.kind === 'forbidden') attempts.add(door.address, authorization)
  }
  const noting: Authenticate = (authorization, door) => {
    try {
      const principal = authenticate(authorization, door)
      if (!(principal instanceof Promise)) return principal
      return principal.catch((error: unknown) => {
        refused(error, authorization, door)
        throw error
      })
    } catch (error) {
      refused(error, authorization, door)
      throw error
    }
  }
  return { authenticate: noting, close: attempts.endWindow }
}

function refusedAttempts(trail: Pick<AuditTrail, 'note'>, clock: Clock) {
  let counts = new Map<string, number>()
  let timer: NodeJS.Timeout | undefined
  const tell = (subject: string, more?: number): void =>
    trail.note({
      tenantId: PLATFORM_TENANT,
      actor: { kind: 'job', id: 'access.authenticate' },
      action: 'access.credential-refused',
      subject,
      ...(more !== undefined && { after: { further_attempts: more } }),
      requestId: newId('req', clock()),
      outcome: 'denied',
    })
  const endWindow = (): void => {
    for (const [subject, count] of counts) if (count > 1) tell(subject, count - 1)
    counts = new Map()
    clearTimeout(timer)
    timer = undefined
  }
  return {
    endWindow,
    add(address: string, authorization: string): void {
      timer ??= setTimeout(endWindow, WINDOW_MILLISECONDS).unref()
      const wanted = `${networkShown(address)} ${credentialOf(authorization)}`
      const subject = counts.has(wanted) || counts.size < DISTINCT_MAX ? wanted : 'many networks'
      const count = (counts.get(subject) ?? 0) + 1
      counts.set(subject, count)
      if (count === 1) tell(subject)
    },
  }
}

const SHOWN_OF_A_KEY = 12

function credentialOf(authorization: string): string {
  const key = /\bplim_[\w-]{16,}/.exec(authorization)?.[0]
  if (key !== undefined) return `key ${key.slice(0, SHOWN_OF_A_KEY)}…`
  const [scheme = ''] = authorization.trim().split(/\s+/, 1)
  return /^(Bearer|Basic|DPoP)$/i.test(scheme) ? `${scheme.toLowerCase()} credential` : 'other credential'
}
