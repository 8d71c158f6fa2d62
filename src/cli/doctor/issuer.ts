import { z } from 'zod'
import { fetchJson } from '#kernel/network/fetch-json'
import { issuerMetadataUrls } from '#kernel/network/oauth-discovery'
import { attempt, isSafeUrl, shown } from './finding.ts'
import type { Findings } from './finding.ts'
import { wrongAnswer } from './resource.ts'

const Metadata = z.object({
  issuer: z.string(),
  authorization_endpoint: z.url(),
  token_endpoint: z.url(),
  registration_endpoint: z.url().optional(),
  revocation_endpoint: z.url().optional(),
  code_challenge_methods_supported: z.array(z.string()).optional(),
  grant_types_supported: z.array(z.string()).optional(),
  scopes_supported: z.array(z.string()).optional(),
  client_id_metadata_document_supported: z.boolean().optional(),
  authorization_response_iss_parameter_supported: z.boolean().optional(),
})
export type IssuerMetadata = z.output<typeof Metadata>

const STEP = 'authorization server'
const WHAT_TO_DO = 'Serve the metadata of RFC 8414 there as application/json, with 200 and no redirect.'

/** Checks the metadata of an authorization server at each URL where clients look for it. */
export async function examineIssuer(
  findings: Findings,
  issuer: string,
  timeoutSeconds: number,
): Promise<IssuerMetadata | undefined> {
  let best: IssuerMetadata | undefined
  const missing: string[] = []
  for (const place of issuerMetadataUrls(issuer)) {
    const answer = await attempt(findings, STEP, WHAT_TO_DO, () => fetchJson(place, { timeoutSeconds }))
    if (answer === undefined) continue
    if (answer.status === 404) {
      missing.push(place)
      continue
    }
    const parsed = Metadata.safeParse(answer.json)
    if (answer.status !== 200 || !parsed.success) {
      findings.problem(STEP, `${place} ${wrongAnswer(answer, parsed.error)}`, WHAT_TO_DO)
    } else if (parsed.data.issuer === issuer) {
      findings.ok(STEP, `${place} describes ${shown(issuer)}`)
      best ??= parsed.data
    } else {
      findings.problem(
        STEP,
        `${place} names the issuer ${shown(parsed.data.issuer)} and not ${shown(issuer)}.`,
        'Both must be identical (RFC 8414, 3.3), including a slash at the end: clients that compare them stop here.',
      )
    }
  }
  if (best === undefined) {
    findings.problem(
      STEP,
      `${shown(issuer)} has no metadata where clients look for it: ${missing.join(', ') || 'see above'}`,
      WHAT_TO_DO,
    )
    return undefined
  }
  examineAbilities(findings, best)
  return best
}

function examineAbilities(findings: Findings, metadata: IssuerMetadata): void {
  for (const name of ['authorization_endpoint', 'token_endpoint', 'registration_endpoint'] as const) {
    const url = metadata[name]
    if (url === undefined || isSafeUrl(url)) continue
    findings.problem(
      STEP,
      `Its ${name} ${shown(url)} is not an https URL.`,
      'Serve it over https: codes and tokens must not be sent in cleartext.',
    )
  }
  const methods = metadata.code_challenge_methods_supported
  if (methods?.includes('S256') === true) findings.ok('PKCE', 'S256 is supported.')
  else {
    const said =
      methods === undefined ? 'does not say that it supports PKCE' : `supports ${methods.join(', ') || 'no method'}`
    findings.problem(
      'PKCE',
      `The authorization server ${said}, but MCP clients need S256.`,
      'Support it and list "S256" in code_challenge_methods_supported: without it clients must stop.',
    )
  }
  if (metadata.authorization_response_iss_parameter_supported !== true) {
    findings.note(
      STEP,
      'Its redirects do not name the issuer (RFC 9207): a client of several servers cannot tell which one answered.',
    )
  }
  examineRegistration(findings, metadata)
}

function examineRegistration(findings: Findings, metadata: IssuerMetadata): void {
  const ways = [
    ...(metadata.client_id_metadata_document_supported === true ? ['client metadata documents'] : []),
    ...(metadata.registration_endpoint === undefined ? [] : ['dynamic registration']),
  ]
  if (ways.length > 0) findings.ok('registration', `Clients can register by ${ways.join(' or ')}.`)
  else {
    findings.note(
      'registration',
      'Clients cannot register themselves: each must be registered at the authorization server by hand.',
    )
  }
}
