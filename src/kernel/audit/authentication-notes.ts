import { networkShown } from '../network/address.ts'
import type { Clock } from '../clock.ts'
import type { AccessRequest, Authenticate } from '../principal.ts'
import { Failure } from '../failure.ts'
import { newId } from '../ids.ts'
import { PLATFORM_TENANT } from './event.ts'
import type { AuditTrail } from './trail.ts'

const WINDOW_MILLISECONDS = 60_000
/**
 * Distinct sources counted per minute; further ones are counted together, so that a flood costs neither memory nor
 * rows.
 */
const DISTINCT_MAX = 500

/**
 * Audits refused credentials. Per minute, network and credential, the first attempt is written at once and the number
 * of the others when the minute ends. The event holds the caller's network (the address without its last part) and the
 * kind of credential, or the public prefix of an API key. A request without a credential is not an attempt.
 */
export function auditRefusals(
  authenticate: Authenticate,
  trail: Pick<AuditTrail, 'note'>,
  clock: Clock,
): { readonly authenticate: Authenticate; readonly close: () => void } {
  const attempts = refusedAttempts(trail, clock)
  const refused = (error: unknown, authorization: string | undefined, request: AccessRequest): void => {
    if (!(error instanceof Failure) || authorization === undefined) return
    if (error.kind === 'unauthenticated' || error.kind === 'forbidden') attempts.add(request.address, authorization)
  }
  const noting: Authenticate = (authorization, request) => {
    try {
      const principal = authenticate(authorization, request)
      if (!(principal instanceof Promise)) return principal
      return principal.catch((error: unknown) => {
        refused(error, authorization, request)
        throw error
      })
    } catch (error) {
      refused(error, authorization, request)
      throw error
    }
  }
  return { authenticate: noting, close: attempts.endWindow }
}

function refusedAttempts(trail: Pick<AuditTrail, 'note'>, clock: Clock) {
  let counts = new Map<string, number>()
  let timer: NodeJS.Timeout | undefined
  const audit = (subject: string, more?: number): void =>
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
    for (const [subject, count] of counts) if (count > 1) audit(subject, count - 1)
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
      if (count === 1) audit(subject)
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
