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

/** Reads what a token says of itself, if it can be read; whether it is true, its server knows. Never shows it. */
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
      `The token is of the issuer ${shown(iss)}, which the resource does not name.`,
      `Get one from ${issuers.join(' or ')}.`,
    )
  }
  if (exp === undefined)
    findings.problem(STEP, 'The token does not say when it expires.', 'Issue tokens with an exp claim.')
  else if (exp * 1000 <= now.getTime()) {
    findings.problem(
      STEP,
      `The token expired at ${new Date(exp * 1000).toISOString()}.`,
      'Get a new one, or look at the clocks.',
    )
  }
  const audiences = [aud ?? []].flat()
  const isForHere = audiences.some((each) => url === each || url.startsWith(each.endsWith('/') ? each : `${each}/`))
  if (audiences.length === 0) {
    findings.problem(
      STEP,
      'The token is for no audience: any server could use it at another.',
      'Send the resource parameter (RFC 8707), and issue tokens with an aud claim.',
    )
  } else if (!isForHere) {
    findings.note(
      STEP,
      `The token is for ${audiences.map(shown).join(', ')}, which is not above ${url}: the server may know it by that name.`,
    )
  }
  const after = findings.all.filter(({ outcome }) => outcome === 'problem').length
  if (before === after)
    findings.ok(
      STEP,
      `A signed token for ${audiences.map(shown).join(', ')}, with the scopes ${shown(scope ?? '(none named)')}.`,
    )
}

function claimsOf(token: string): z.output<typeof Claims> | undefined {
  const [, payload, ...rest] = token.split('.')
  if (payload === undefined || rest.length !== 1) return undefined
  try {
    const parsed = Claims.safeParse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')))
    return parsed.success ? parsed.data : undefined
  } catch {
    // Not JSON: a token of another kind that happens to have dots.
    return undefined
  }
}
