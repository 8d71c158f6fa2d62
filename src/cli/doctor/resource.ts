import { z } from 'zod'
import { fetchJson } from '#kernel/network/fetch-json'
import { protectedResourceUrls } from '#kernel/network/oauth-discovery'
import type { Challenge } from './challenge.ts'
import { attempt, isSafeUrl, shown } from './finding.ts'
import type { Findings } from './finding.ts'

const Metadata = z.object({
  resource: z.string(),
  authorization_servers: z.array(z.string()).optional(),
  scopes_supported: z.array(z.string()).optional(),
  bearer_methods_supported: z.array(z.string()).optional(),
})

export interface ResourceMetadata {
  readonly resource: string
  readonly issuers: readonly string[]
  readonly scopes: readonly string[]
}

const STEP = 'resource metadata'
const WHAT_TO_DO = 'Serve the document of RFC 9728 there as application/json, with 200 and no redirect.'

/** Checks the resource metadata at the URL in the challenge and at both well-known URLs. */
export async function examineResource(
  findings: Findings,
  url: string,
  challenge: Challenge,
  timeoutSeconds: number,
): Promise<ResourceMetadata | undefined> {
  const [beside = '', root] = protectedResourceUrls(url)
  const places = [...new Set([challenge.metadataUrl ?? beside, beside, root ?? beside])]
  let best: ResourceMetadata | undefined
  for (const place of places) {
    const isOptional = place !== challenge.metadataUrl && best !== undefined
    const read = await readAt(findings, place, isOptional, timeoutSeconds)
    if (read === undefined) continue
    const problem = mismatch(read.resource, url)
    if (problem === undefined) {
      findings.ok(STEP, `${place} describes ${shown(read.resource)}`)
      best ??= read
    } else if (place === root && places.length > 1 && best !== undefined) {
      findings.note(STEP, `${place} describes another resource of this host, ${shown(read.resource)}.`)
    } else {
      findings.problem(
        STEP,
        `${place} ${problem}`,
        `Its member "resource" must be exactly the URL that clients connect to: ${url}`,
      )
    }
  }
  if (best !== undefined) examineIssuers(findings, best)
  return best
}

async function readAt(
  findings: Findings,
  place: string,
  isOptional: boolean,
  timeoutSeconds: number,
): Promise<ResourceMetadata | undefined> {
  const answer = await attempt(findings, STEP, WHAT_TO_DO, () => fetchJson(place, { timeoutSeconds }))
  if (answer === undefined) return undefined
  if (answer.status === 404 && isOptional) {
    findings.note(STEP, `There is no document at ${place}, where some clients also look.`)
    return undefined
  }
  const parsed = Metadata.safeParse(answer.json)
  if (answer.status !== 200 || !parsed.success) {
    findings.problem(STEP, `${place} ${wrongAnswer(answer, parsed.error)}`, WHAT_TO_DO)
    return undefined
  }
  const { resource, authorization_servers = [], scopes_supported = [], bearer_methods_supported } = parsed.data
  if (bearer_methods_supported !== undefined && !bearer_methods_supported.includes('header')) {
    findings.problem(
      STEP,
      `${place} does not allow tokens in a header.`,
      'List "header" in bearer_methods_supported: MCP clients send tokens in no other way.',
    )
  }
  if (scopes_supported.includes('offline_access')) {
    findings.problem(STEP, `${place} lists offline_access.`, 'Remove it: it is a scope of the authorization server.')
  }
  return { resource, issuers: authorization_servers, scopes: scopes_supported }
}

/** The reason why an answer is not the expected document, as the end of a sentence. */
export function wrongAnswer(answer: { status: number; headers: Headers; json: unknown }, error?: z.ZodError): string {
  const { status, headers, json } = answer
  if (status >= 300 && status < 400) return `answers with a redirect to ${shown(headers.get('location') ?? '')}.`
  if (status !== 200) return `answers ${status}.`
  if (json === undefined) return `is not JSON but ${shown(headers.get('content-type') ?? 'of no type')}.`
  return `is invalid at ${error?.issues[0]?.path.join('.') ?? 'its top'}.`
}

/** Clients accept the URL itself, or one of the same origin whose path is a parent of its path. */
function mismatch(resource: string, url: string): string | undefined {
  if (!URL.canParse(resource)) return `describes "${shown(resource)}", which is not a URL.`
  const [described, asked] = [new URL(resource), new URL(url)]
  const base = described.pathname.replace(/\/$/, '')
  const isAbove = asked.pathname === base || asked.pathname.startsWith(`${base}/`)
  return described.origin === asked.origin && isAbove ? undefined : `describes ${shown(resource)} and not ${url}.`
}

function examineIssuers(findings: Findings, { issuers }: ResourceMetadata): void {
  if (issuers.length === 0) {
    findings.problem(
      STEP,
      'The document names no authorization server.',
      'Name the issuer in "authorization_servers": clients cannot get a token otherwise.',
    )
  }
  for (const issuer of issuers) {
    if (isSafeUrl(issuer)) continue
    findings.problem(
      STEP,
      `The URL of the authorization server ${shown(issuer)} is not https.`,
      'Serve it over https and name that URL: tokens and codes must not be sent in cleartext.',
    )
  }
}
