import { z } from 'zod'
import type { Db } from '#kernel/database/db'
import { isLoopback } from './audience.ts'
import type { Around } from './around.ts'
import { setRedirectUris } from './store.ts'

const text = z.string().min(1).max(200)
/** A page about the client. Browsers show it as a link, so schemes other than http and https are refused. */
const link = z.url({ protocol: /^https?$/ }).max(2048)
const names = z.array(z.string().min(1).max(100)).max(20)

/** Leaves out what is not served here, since clients register the same with every server; unless that is all they asked for. */
function thoseServed(served: readonly string[]) {
  return (asked: string[]): string[] => {
    const found = asked.filter((name) => served.includes(name))
    return found.length > 0 ? found : asked
  }
}

/** What is kept of a registration (RFC 7591, section 2); other fields are ignored, as it requires. */
const Registration = z.object({
  redirect_uris: z.array(z.string().min(1).max(2048)).min(1).max(50),
  client_name: text.optional(),
  client_uri: link.optional(),
  logo_uri: link.optional(),
  tos_uri: link.optional(),
  policy_uri: link.optional(),
  contacts: z.array(text).max(20).optional(),
  scope: z.string().max(2000).optional(),
  grant_types: names.transform(thoseServed(['authorization_code', 'refresh_token'])).optional(),
  response_types: names.transform(thoseServed(['code'])).optional(),
  token_endpoint_auth_method: text.optional(),
  application_type: text.optional(),
  jwks_uri: link.optional(),
  jwks: z.object({ keys: z.array(z.record(z.string(), z.unknown())).max(20) }).optional(),
  software_id: text.optional(),
  software_version: text.optional(),
})

const Registered = z.looseObject({ client_id: z.string() })

/**
 * Registers clients as they describe themselves. Most omit `application_type`: without it a client is native if any
 * redirect URI is not https on another host, since the library lets a web client have no others. Private schemes such as
 * `cursor://…` are accepted, where the library takes reverse-domain names alone: PKCE protects the code (RFC 8252, 7.1
 * and 8.1). The library registers placeholders for them, which are replaced afterwards.
 */
export function registration(db: Db): Around {
  return async (request, next) => {
    const body: unknown = await request
      .clone()
      .json()
      .catch(() => undefined)
    if (body === undefined) return next(request)
    const input = Registration.safeParse(body)
    if (!input.success) return refusal(input.error)
    const { redirect_uris: given, application_type: type = typeOf(given), ...rest } = input.data
    const hasPrivate = given.some(isPrivateScheme)
    const redirect_uris = given.map((uri, at) => (isPrivateScheme(uri) ? `plimsoll.placeholder:/${at}` : uri))
    const answer = await next(
      new Request(request, {
        method: 'POST',
        body: JSON.stringify({ ...rest, redirect_uris, application_type: type }),
      }),
    )
    if (answer.status !== 201 || !hasPrivate) return answer
    const client = Registered.parse(await answer.json())
    await setRedirectUris(db, client.client_id, given)
    return Response.json({ ...client, redirect_uris: given }, { status: 201, headers: headersOf(answer) })
  }
}

function typeOf(uris: readonly string[]): 'web' | 'native' {
  return uris.every((uri) => uri.startsWith('https:') && !isLoopback(uri)) ? 'web' : 'native'
}

/** Schemes that a browser, or the system, runs or reads itself instead of passing them to a program. */
const NOT_PRIVATE = new Set(
  'about blob chrome data file filesystem ftp http https intent javascript mailto sms tel vbscript view-source ws wss'.split(
    ' ',
  ),
)

/** Whether a URI has a scheme of a program's own (`cursor:`), and no user name, password or fragment. */
function isPrivateScheme(uri: string): boolean {
  if (!URL.canParse(uri) || uri.includes('#')) return false
  const { protocol, username, password } = new URL(uri)
  return !NOT_PRIVATE.has(protocol.slice(0, -1)) && username === '' && password === ''
}

/** The error of RFC 7591, 3.2.2, with the first field that is wrong. */
function refusal({ issues }: z.ZodError): Response {
  const [issue] = issues
  const field = issue?.path.join('.') || 'the body'
  return Response.json(
    {
      error: issue?.path[0] === 'redirect_uris' ? 'invalid_redirect_uri' : 'invalid_client_metadata',
      error_description: `${field}: ${issue?.message ?? 'invalid'}`,
    },
    { status: 400, headers: { 'cache-control': 'no-store' } },
  )
}

function headersOf({ headers }: Response): Headers {
  const kept = new Headers(headers)
  kept.delete('content-length')
  return kept
}
