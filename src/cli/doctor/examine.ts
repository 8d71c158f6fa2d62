import { examineCalls } from './calls.ts'
import { examineChallenge } from './challenge.ts'
import { isSafeUrl, openFindings } from './finding.ts'
import type { Finding, Findings } from './finding.ts'
import { examineIssuer } from './issuer.ts'
import type { IssuerMetadata } from './issuer.ts'
import { examineResource } from './resource.ts'
import type { ResourceMetadata } from './resource.ts'
import { signIn } from './sign-in.ts'
import { examineToken } from './token.ts'

export interface Examination {
  readonly url: string
  readonly token?: string
  readonly clientId?: string
  /** Whether to ask a person to sign in when no token is given. */
  readonly signIn: boolean
  readonly tool?: string
  readonly timeoutSeconds: number
  readonly patienceSeconds: number
  readonly now: () => Date
  readonly show: (url: string) => void
}

/** Checks a server the way an MCP client connects, from the first 401 to a tool result, and reports each finding. */
export async function examine(what: Examination, tell: (finding: Finding) => void): Promise<readonly Finding[]> {
  const findings = openFindings(tell)
  const { url, timeoutSeconds } = what
  if (!isSafeUrl(url)) {
    findings.problem(
      'url',
      `${url} is not an https URL.`,
      'Serve it over https: a token must not be sent in cleartext.',
    )
  }
  const challenge = await examineChallenge(findings, url, timeoutSeconds)
  if (challenge === undefined) return findings.all
  const resource = challenge.isOpen ? undefined : await examineResource(findings, url, challenge, timeoutSeconds)
  const issuer = await firstIssuer(findings, resource, timeoutSeconds)
  const token = what.token ?? (await signedIn(findings, what, resource, issuer, challenge.scopes))
  if (token !== undefined && what.token?.startsWith('plim_') !== true) {
    examineToken(findings, token, { url, issuers: resource?.issuers ?? [], now: what.now() })
  }
  if (token === undefined && !challenge.isOpen) {
    findings.skipped('calls', 'No calls were made because there is no token. Pass --token, or sign in with --sign-in.')
    return findings.all
  }
  await examineCalls(findings, { url, token, tool: what.tool, timeoutSeconds })
  return findings.all
}

/** Checks every issuer and returns the first usable one. */
async function firstIssuer(
  findings: Findings,
  resource: ResourceMetadata | undefined,
  timeoutSeconds: number,
): Promise<IssuerMetadata | undefined> {
  let first: IssuerMetadata | undefined
  for (const issuer of resource?.issuers.slice(0, 5) ?? []) {
    if (!URL.canParse(issuer)) continue
    const metadata = await examineIssuer(findings, issuer, timeoutSeconds)
    first ??= metadata
  }
  return first
}

async function signedIn(
  findings: Findings,
  what: Examination,
  resource: ResourceMetadata | undefined,
  issuer: IssuerMetadata | undefined,
  scopes: readonly string[],
): Promise<string | undefined> {
  if (!what.signIn || resource === undefined || issuer === undefined) return undefined
  return signIn(findings, {
    issuer,
    resource: resource.resource,
    scopes: scopes.length > 0 ? scopes : resource.scopes,
    clientId: what.clientId,
    timeoutSeconds: what.timeoutSeconds,
    patienceSeconds: what.patienceSeconds,
    show: what.show,
  })
}
