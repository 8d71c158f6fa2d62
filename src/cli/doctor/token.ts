import { z } from 'zod'
import type { Findings } from './finding.ts'
import { shown } from './finding.ts'

const Claims = z.object({
  iss: z.unknown().optional(),
  aud: z.union([z.string(), z.array(z.string())]).optional(),
  exp: z.number().optional(),
  scope: z.unknown().optional(),
})

const STEP = 'token'

/** Checks the claims of a token, if it is a JWT. Its signature is not verified, and the token is never printed. */
export function examineToken(
  findings: Findings,
  token: string,
  { url, issuers, now }: { readonly url: string; readonly issuers: readonly string[]; readonly now: Date },
): void {
  const claims = claimsOf(token)
  if (claims === undefined) {
    findings.note(STEP, 'The token is opaque: only its server can read it.')
    return
  }
  const { iss, aud, exp, scope } = claims
  const before = findings.all.filter(({ outcome }) => outcome === 'problem').length
  if (issuers.length > 0 && !issuers.includes(String(iss))) {
    findings.problem(
      STEP,
      `The issuer of the token is ${shown(iss)}, which the resource metadata does not name.`,
      `Get a token from ${issuers.join(' or ')}.`,
    )
  }
  if (exp === undefined)
    findings.problem(STEP, 'The token does not say when it expires.', 'Issue tokens with an exp claim.')
  else if (exp * 1000 <= now.getTime()) {
    findings.problem(
      STEP,
      `The token expired at ${new Date(exp * 1000).toISOString()}.`,
      'Get a new one, or check the clocks.',
    )
  }
  const audiences = [aud ?? []].flat()
  const isForHere = audiences.some((each) => url === each || url.startsWith(each.endsWith('/') ? each : `${each}/`))
  if (audiences.length === 0) {
    findings.problem(
      STEP,
      'The token has no audience: any server that receives it could use it at another.',
      'Send the resource parameter (RFC 8707), and issue tokens with an aud claim.',
    )
  } else if (!isForHere) {
    findings.note(
      STEP,
      `The audience of the token is ${audiences.map(shown).join(', ')}, which does not cover ${url}. The server may still accept it.`,
    )
  }
  const after = findings.all.filter(({ outcome }) => outcome === 'problem').length
  if (before === after)
    findings.ok(
      STEP,
      `A JWT for the audience ${audiences.map(shown).join(', ')} with the scopes ${shown(scope ?? '(none named)')}.`,
    )
}

function claimsOf(token: string): z.output<typeof Claims> | undefined {
  const [, payload, ...rest] = token.split('.')
  if (payload === undefined || rest.length !== 1) return undefined
  try {
    const parsed = Claims.safeParse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')))
    return parsed.success ? parsed.data : undefined
  } catch {
    // Safe because a token with dots need not be a JWT.
    return undefined
  }
}
