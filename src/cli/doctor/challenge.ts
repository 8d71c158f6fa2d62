import { fetchJson } from '#kernel/network/fetch-json'
import { attempt, isSafeUrl, shown } from './finding.ts'
import type { Findings } from './finding.ts'
import { INITIALIZE, MCP_HEADERS } from './rpc.ts'

/** What a server says to whoever brings no token. */
export interface Challenge {
  /** It answers without a token. */
  readonly isOpen: boolean
  readonly metadataUrl?: string
  readonly scopes: readonly string[]
}

const STEP = 'challenge'

/** Asks without a token, and with one that cannot be good. Undefined: there is no MCP server to go on with. */
export async function examineChallenge(
  findings: Findings,
  url: string,
  timeoutSeconds: number,
): Promise<Challenge | undefined> {
  const todo = 'Check the URL, that the server runs, and that this machine can reach it.'
  const request = { method: 'POST' as const, body: JSON.stringify(INITIALIZE), timeoutSeconds }
  const answer = await attempt(findings, STEP, todo, () => fetchJson(url, { ...request, headers: MCP_HEADERS }))
  if (answer === undefined) return undefined
  const { status, headers } = answer
  if (status >= 300 && status < 400) {
    const place = headers.get('location') ?? ''
    findings.problem(
      STEP,
      `${url} answers with a redirect to ${shown(place)}.`,
      'Give clients the URL where it ends: many do not follow, and a token must not travel along.',
    )
    return undefined
  }
  if (status === 200) {
    findings.note(STEP, 'The server answers without a token: whoever reaches it may use it.')
    return { isOpen: true, scopes: [] }
  }
  if (status !== 401) {
    findings.problem(
      STEP,
      `Without a token the server answers ${status}${typeHint(headers)} and not 401.`,
      'An MCP server that wants a token says 401 with WWW-Authenticate: Bearer. Is this the URL of its MCP endpoint?',
    )
    return undefined
  }
  const challenge = readChallenge(findings, headers.get('www-authenticate'))
  const wrong = { ...MCP_HEADERS, authorization: 'Bearer not-a-token' }
  const second = await attempt(findings, STEP, todo, () => fetchJson(url, { ...request, headers: wrong }))
  if (second !== undefined && second.status !== 401) {
    findings.problem(
      STEP,
      `A token that cannot be good is answered with ${second.status} and not 401.`,
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
      'Send WWW-Authenticate: Bearer resource_metadata="…" (RFC 9728, 5.1): without it clients have to guess.',
    )
    return { isOpen: false, scopes: [] }
  }
  const parameters = bearerParameters(header)
  if (parameters === undefined) {
    findings.problem(
      STEP,
      `WWW-Authenticate offers no Bearer: ${shown(header)}`,
      'MCP clients send bearer tokens alone.',
    )
    return { isOpen: false, scopes: [] }
  }
  const metadataUrl = parameters.get('resource_metadata')
  const scopes = (parameters.get('scope') ?? '').split(' ').filter((scope) => scope !== '')
  if (metadataUrl === undefined) {
    findings.problem(
      STEP,
      'WWW-Authenticate names no resource_metadata.',
      'Add resource_metadata="<URL of the document>": without it clients have to guess.',
    )
  } else if (!isSafeUrl(metadataUrl)) {
    findings.problem(
      STEP,
      `resource_metadata is not an https URL: ${shown(metadataUrl)}`,
      'Name the document by its https URL.',
    )
  } else {
    findings.ok(STEP, `401 with WWW-Authenticate: Bearer, resource_metadata ${shown(metadataUrl)}`)
  }
  if (scopes.includes('offline_access')) {
    findings.problem(
      STEP,
      'The challenge asks for offline_access.',
      'Leave it out: whether to stay connected is between the client and the authorization server.',
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
