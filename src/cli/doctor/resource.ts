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

/** Reads the document at the URL that the challenge names and at both that clients guess. */
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
        `Its member "resource" has to be the URL that clients connect to, letter by letter: ${url}`,
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
    findings.note(STEP, `There is nothing at ${place}, where some clients look too.`)
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
      `${place} takes no token in a header.`,
      'List "header": it is the one way that MCP clients have.',
    )
  }
  if (scopes_supported.includes('offline_access')) {
    findings.problem(STEP, `${place} lists offline_access.`, 'Leave it out: it is a scope of the authorization server.')
  }
  return { resource, issuers: authorization_servers, scopes: scopes_supported }
}

/** Why an answer is not the document it should be, in words. */
export function wrongAnswer(answer: { status: number; headers: Headers; json: unknown }, error?: z.ZodError): string {
  const { status, headers, json } = answer
  if (status >= 300 && status < 400) return `answers with a redirect to ${shown(headers.get('location') ?? '')}.`
  if (status !== 200) return `answers ${status}.`
  if (json === undefined) return `is no JSON but ${shown(headers.get('content-type') ?? 'of no type')}.`
  return `is wrong at ${error?.issues[0]?.path.join('.') ?? 'its top'}.`
}

/** Clients take the URL itself, or one above it on a border of path segments, of the same origin. */
function mismatch(resource: string, url: string): string | undefined {
  if (!URL.canParse(resource)) return `describes "${shown(resource)}", which is no URL.`
  const [described, asked] = [new URL(resource), new URL(url)]
  const base = described.pathname.replace(/\/$/, '')
  const isAbove = asked.pathname === base || asked.pathname.startsWith(`${base}/`)
  return described.origin === asked.origin && isAbove ? undefined : `describes ${shown(resource)} and not ${url}.`
}

function examineIssuers(findings: Findings, { issuers }: ResourceMetadata): void {
  if (issuers.length === 0) {
    findings.problem(
      STEP,
      'No authorization server is named.',
      'Name the issuer in "authorization_servers": clients cannot get a token otherwise.',
    )
  }
  for (const issuer of issuers) {
    if (isSafeUrl(issuer)) continue
    findings.problem(
      STEP,
      `The authorization server ${shown(issuer)} is not reached by https.`,
      'Tokens and codes must not travel in the clear: give it https, and name that URL.',
    )
  }
}
