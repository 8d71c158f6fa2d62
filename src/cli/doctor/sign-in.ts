import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { z } from 'zod'
import { Failure } from '#kernel/failure'
import { fetchJson } from '#kernel/network/fetch-json'
import { attempt, shown } from './finding.ts'
import type { Findings } from './finding.ts'
import type { IssuerMetadata } from './issuer.ts'

export interface SignInOptions {
  readonly issuer: IssuerMetadata
  readonly resource: string
  readonly scopes: readonly string[]
  readonly clientId: string | undefined
  readonly timeoutSeconds: number
  /** How long to wait for the person. */
  readonly patienceSeconds: number
  /** Shows the URL to the person. */
  readonly show: (url: string) => void
}

const STEP = 'sign-in'
const Client = z.object({ client_id: z.string() })
const Tokens = z.object({ access_token: z.string(), token_type: z.string() })

/** Runs the OAuth sign-in of an MCP client with a loopback redirect URI. Returns the access token, or undefined. */
export async function signIn(findings: Findings, options: SignInOptions): Promise<string | undefined> {
  const { issuer, timeoutSeconds } = options
  const waiting = Promise.withResolvers<URLSearchParams>()
  const server = createServer((req, res) => {
    const asked = new URL(req.url ?? '/', 'http://127.0.0.1')
    if (asked.pathname === '/callback') waiting.resolve(asked.searchParams)
    res.writeHead(asked.pathname === '/callback' ? 200 : 404, { 'content-type': 'text/plain; charset=utf-8' })
    res.end('You can close this window.\n')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  const redirectUri = `http://127.0.0.1:${isAddress(address) ? address.port : 0}/callback`
  try {
    const clientId = options.clientId ?? (await register(findings, issuer, redirectUri, timeoutSeconds))
    if (clientId === undefined) return undefined
    const verifier = randomBytes(32).toString('base64url')
    const state = randomBytes(16).toString('base64url')
    options.show(authorizationUrl(options, { clientId, redirectUri, state, verifier }))
    const returned = await within(waiting.promise, options.patienceSeconds)
    const code = codeOf(findings, issuer, state, returned)
    if (code === undefined) return undefined
    const form = {
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      client_id: clientId,
      code_verifier: verifier,
      resource: options.resource,
    }
    return await exchange(findings, issuer, form, timeoutSeconds)
  } finally {
    server.close().closeAllConnections()
  }
}

const isAddress = (address: AddressInfo | string | null): address is AddressInfo =>
  typeof address === 'object' && address !== null

async function register(
  findings: Findings,
  issuer: IssuerMetadata,
  redirectUri: string,
  timeoutSeconds: number,
): Promise<string | undefined> {
  const { registration_endpoint } = issuer
  if (registration_endpoint === undefined) {
    findings.skipped(
      STEP,
      'The authorization server has no dynamic registration. Register a client with a loopback redirect URI there, and pass its id with --client-id.',
    )
    return undefined
  }
  const metadata = {
    client_name: 'plimsoll doctor',
    redirect_uris: [redirectUri],
    grant_types: ['authorization_code'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    application_type: 'native',
  }
  const request = {
    method: 'POST' as const,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(metadata),
  }
  const fix =
    'Answer a registration (RFC 7591) with 201 and a client_id, or remove registration_endpoint from the metadata.'
  const answer = await attempt(findings, 'registration', fix, () =>
    fetchJson(registration_endpoint, { ...request, timeoutSeconds }),
  )
  if (answer === undefined) return undefined
  const client = Client.safeParse(answer.json)
  if (client.success && (answer.status === 201 || answer.status === 200)) {
    findings.ok('registration', 'A client was registered.')
    return client.data.client_id
  }
  findings.problem('registration', `The registration failed with ${answer.status}: ${shown(answer.text)}`, fix)
  return undefined
}

function authorizationUrl(
  { issuer, resource, scopes }: SignInOptions,
  asked: { clientId: string; redirectUri: string; state: string; verifier: string },
): string {
  const url = new URL(issuer.authorization_endpoint)
  const parameters = {
    response_type: 'code',
    client_id: asked.clientId,
    redirect_uri: asked.redirectUri,
    state: asked.state,
    code_challenge: createHash('sha256').update(asked.verifier).digest('base64url'),
    code_challenge_method: 'S256',
    resource,
    ...(scopes.length > 0 && { scope: scopes.join(' ') }),
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return url.href
}

function codeOf(
  findings: Findings,
  { issuer }: IssuerMetadata,
  state: string,
  returned: URLSearchParams | undefined,
): string | undefined {
  if (returned === undefined) {
    findings.problem(
      STEP,
      'The browser did not return from the authorization server in time.',
      'Open the URL in a browser on this machine, sign in and agree.',
    )
    return undefined
  }
  const error = returned.get('error')
  if (error !== null) {
    findings.problem(
      STEP,
      `The authorization server reports ${shown(error)}: ${shown(returned.get('error_description') ?? '')}`,
      'Look up the error there; access_denied means that the person declined.',
    )
    return undefined
  }
  if (returned.get('state') !== state) {
    findings.problem(
      STEP,
      'The redirect does not contain the state that was sent.',
      'Return state unchanged: clients must refuse the answer otherwise.',
    )
    return undefined
  }
  const iss = returned.get('iss')
  if (iss !== null && iss !== issuer) {
    findings.problem(
      STEP,
      `The redirect names the issuer ${shown(iss)} and not ${issuer}.`,
      'Send exactly the issuer identifier of the metadata (RFC 9207).',
    )
    return undefined
  }
  return returned.get('code') ?? undefined
}

async function exchange(
  findings: Findings,
  issuer: IssuerMetadata,
  form: Readonly<Record<string, string>>,
  timeoutSeconds: number,
): Promise<string | undefined> {
  const fix = 'Answer a valid code with 200 and a bearer token (RFC 6749, 5.1).'
  const request = {
    method: 'POST' as const,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
  }
  const answer = await attempt(findings, STEP, fix, () =>
    fetchJson(issuer.token_endpoint, { ...request, timeoutSeconds }),
  )
  if (answer === undefined) return undefined
  const tokens = Tokens.safeParse(answer.json)
  if (answer.status === 200 && tokens.success && tokens.data.token_type.toLowerCase() === 'bearer') {
    findings.ok(STEP, 'The code was exchanged for a token.')
    return tokens.data.access_token
  }
  // The body is not shown, because it may contain a token.
  findings.problem(STEP, `The code is answered with ${answer.status} and no bearer token.`, fix)
  return undefined
}

async function within<T>(work: Promise<T>, seconds: number): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>()
  const timer = setTimeout(() => late.resolve(undefined), seconds * 1000)
  try {
    return await Promise.race([work, late.promise])
  } catch (cause) {
    throw new Failure('upstream', 'The browser did not return.', { cause })
  } finally {
    clearTimeout(timer)
  }
}
