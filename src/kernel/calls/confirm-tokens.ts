import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { canonicalJson } from '../crypto/canonical-json.ts'
import type { Keyring } from '../crypto/keyring.ts'
import { Failure } from '../failure.ts'
import type { Principal } from '../principal.ts'

/** The call to confirm: who makes it, and what it would touch. */
export interface ToConfirm {
  readonly principal: Pick<Principal, 'tenantId' | 'actor'>
  /** The action of the change, as the audit trail names it. */
  readonly action: string
  readonly input: unknown
  /** The previewed ids with versions. Must not hold newly generated ids, which differ every time. */
  readonly touched: unknown
}

/** Issues and checks confirm tokens, by which a caller confirms a preview. Tokens are signed and not stored. */
export interface ConfirmTokens {
  issue(of: ToConfirm): { readonly confirm_token: string; readonly expires_at: string }
  /**
   * Throws `Failure('conflict')` for a token of another call, an expired one, or when the data has changed since the
   * preview.
   */
  check(token: string, of: ToConfirm): void
}

const VALID_SECONDS = 600
const PURPOSE = 'confirmation'
const Payload = z.strictObject({ call: z.string(), touched: z.string(), expires: z.int() })

/** Confirm tokens that are valid for ten minutes, for the same caller and the same arguments. */
export function confirmTokens(keyring: Pick<Keyring, 'sign' | 'verify'>, clock: Clock): ConfirmTokens {
  return {
    issue(of) {
      const expires = Math.floor(clock().getTime() / 1000) + VALID_SECONDS
      const payload = Buffer.from(JSON.stringify({ ...digests(of), expires })).toString('base64url')
      return {
        confirm_token: `${payload}.${keyring.sign(payload, PURPOSE)}`,
        expires_at: new Date(expires * 1000).toISOString(),
      }
    },
    check(token, of) {
      const [payload = '', signature = ''] = token.split('.', 2)
      if (!keyring.verify(payload, PURPOSE, signature)) throw refused('was not issued here, or was changed')
      const { call, touched, expires } = Payload.parse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')))
      const now = digests(of)
      if (call !== now.call) throw refused('is of another call: other arguments, or another caller')
      if (expires * 1000 <= clock().getTime()) throw refused('has expired')
      if (touched !== now.touched) throw refused('is of a preview that is out of date: what it would touch has changed')
    },
  }
}

function digests({ principal, action, input, touched }: ToConfirm): {
  readonly call: string
  readonly touched: string
} {
  const { tenantId, actor } = principal
  return { call: digest([tenantId, actor.kind, actor.id, action, input]), touched: digest([touched]) }
}

function digest(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('base64url')
}

function refused(why: string): Failure {
  return new Failure('conflict', `The confirm token ${why}. Nothing was changed; ask for a preview again.`, {
    code: 'CONFIRMATION_REFUSED',
    problems: [{ path: 'confirm_token', expected: 'the token of the last preview of this very call' }],
  })
}
