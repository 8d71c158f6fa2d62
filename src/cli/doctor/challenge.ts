import { fetchJson } from '#kernel/network/fetch-json'
import { attempt, isSafeUrl, shown } from './finding.ts'
import type { Findings } from './finding.ts'
import { INITIALIZE, MCP_HEADERS } from './rpc.ts'

/** The answer of a server to a request without a token. */
export interface Challenge {
  /** Whether the server needs no token. */
  readonly isOpen: boolean
  readonly metadataUrl?: string
  readonly scopes: readonly string[]
}

const STEP = 'challenge'

/** Sends a request without a token and one with an invalid token. Undefined when there is no usable MCP server. */
export async function examineChallenge(
  findings: Findings,
  url: string,
  timeoutSeconds: number,
): Promise<Challenge | undefined> {
  const fix = 'Check the URL, that the server is running, and that this machine can reach it.'
  const request = { method: 'POST' as const, body: JSON.stringify(INITIALIZE), timeoutSeconds }
  const answer = await attempt(findings, STEP, fix, () => fetchJson(url, { ...request, headers: MCP_HEADERS }))
  if (answer === undefined) return undefined
  const { status, headers } = answer
  if (status >= 300 && status < 400) {
    const place = headers.get('location') ?? ''
    findings.problem(
      STEP,
      `${url} answers with a redirect to ${shown(place)}.`,
      'Give clients the final URL: many do not follow redirects, and a token must not be sent through one.',
    )
    return undefined
  }
  if (status === 200) {
    findings.note(STEP, 'The server needs no token: anyone who can reach it can use it.')
    return { isOpen: true, scopes: [] }
  }
  if (status !== 401) {
    findings.problem(
      STEP,
      `Without a token the server answers ${status}${typeHint(headers)} and not 401.`,
      'An MCP server that needs a token answers 401 with WWW-Authenticate: Bearer. Check that this is the URL of its MCP endpoint.',
    )
    return undefined
  }
  const challenge = readChallenge(findings, headers.get('www-authenticate'))
  const wrong = { ...MCP_HEADERS, authorization: 'Bearer not-a-token' }
  const second = await attempt(findings, STEP, fix, () => fetchJson(url, { ...request, headers: wrong }))
  if (second !== undefined && second.status !== 401) {
    findings.problem(
      STEP,
      `An invalid token is answered with ${second.status} and not 401.`,
      'Check every token, and answer 401 with error="invalid_token" so that clients get a new one.',
    )
  }
  return challenge
}

function readChallenge(findings: Findings, header: string | null): Challenge {
  if (header === null) {
    findings.problem(
      STEP,
      '401 without a WWW-Authenticate header.',
      'Send WWW-Authenticate: Bearer resource_metadata="…" (RFC 9728, 5.1): without it clients must guess where the metadata is.',
    )
    return { isOpen: false, scopes: [] }
  }
  const parameters = bearerParameters(header)
  if (parameters === undefined) {
    findings.problem(
      STEP,
      `WWW-Authenticate offers no Bearer: ${shown(header)}`,
      'Offer Bearer: MCP clients send no other kind of credential.',
    )
    return { isOpen: false, scopes: [] }
  }
  const metadataUrl = parameters.get('resource_metadata')
  const scopes = (parameters.get('scope') ?? '').split(' ').filter((scope) => scope !== '')
  if (metadataUrl === undefined) {
    findings.problem(
      STEP,
      'WWW-Authenticate names no resource_metadata.',
      'Add resource_metadata="<URL of the document>": without it clients must guess where the metadata is.',
    )
  } else if (!isSafeUrl(metadataUrl)) {
    findings.problem(
      STEP,
      `resource_metadata is not an https URL: ${shown(metadataUrl)}`,
      'Use the https URL of the document.',
    )
  } else {
    findings.ok(STEP, `401 with WWW-Authenticate: Bearer, resource_metadata ${shown(metadataUrl)}`)
  }
  if (scopes.includes('offline_access')) {
    findings.problem(
      STEP,
      'The challenge asks for offline_access.',
      'Remove it: refresh tokens are a matter between the client and the authorization server.',
    )
  }
  return { isOpen: false, scopes, ...(metadataUrl !== undefined && isSafeUrl(metadataUrl) && { metadataUrl }) }
}

/** The parameters of the Bearer challenge of a header that may hold several (RFC 9110, 11.6.1). */
export function bearerParameters(header: string): ReadonlyMap<string, string> | undefined {
  const from = /(?:^|,)\s*bearer(?:\s+|$)/i.exec(header)
  if (from === null) return undefined
  const parameters = new Map<string, string>()
  const part = /([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))\s*(?:,\s*|$)/y
  part.lastIndex = from.index + from[0].length
  for (let found = part.exec(header); found !== null; found = part.exec(header)) {
    const [, name = '', quoted, plain] = found
    parameters.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '')
  }
  return parameters
}

function typeHint(headers: Headers): string {
  const type = headers.get('content-type')?.split(';', 1)[0] ?? ''
  return type.includes('html') ? ' with a web page' : ''
}
