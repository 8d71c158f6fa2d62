import { z } from 'zod'
import type { Db } from '#kernel/database/db'
import type { Around } from './around.ts'
import { jwks, links, optional, redirectUris, text } from './client-fields.ts'
import { hasPlaceholders, registeredUris } from './redirect-uris.ts'
import { setRedirectUris } from './store.ts'

const names = z.array(z.string().min(1).max(100)).max(20)

/** Leaves out what is not served here, since clients register the same with every server; unless that is all they asked for. */
function thoseServed(served: readonly string[]) {
  return (asked: string[]): string[] => {
    const found = asked.filter((name) => served.includes(name))
    return found.length > 0 ? found : asked
  }
}

/**
 * What is kept of a registration (RFC 7591, section 2); other fields are ignored, as it requires. So is `scope`, which
 * names the scopes of other servers too: what a client gets, it asks for when it is authorized.
 */
const Registration = z.object({
  ...links,
  redirect_uris: redirectUris,
  client_name: optional(text),
  contacts: optional(z.array(text).max(20)),
  grant_types: optional(names.transform(thoseServed(['authorization_code', 'refresh_token']))),
  response_types: optional(names.transform(thoseServed(['code']))),
  token_endpoint_auth_method: optional(text),
  application_type: optional(z.enum(['web', 'native'])),
  jwks: optional(jwks),
  software_id: optional(text),
  software_version: optional(text),
})

const Registered = z.looseObject({ client_id: z.string() })

/** Registers clients as they describe themselves, with bounds. */
export function registration(db: Db): Around {
  return async (request, next) => {
    const body: unknown = await request
      .clone()
      .json()
      .catch(() => undefined)
    if (body === undefined) return next(request)
    const input = Registration.safeParse(body)
    if (!input.success) return refusal(input.error)
    const { redirect_uris: given } = input.data
    const uris = registeredUris(given, input.data.application_type)
    const answer = await next(
      new Request(request, { method: 'POST', body: JSON.stringify({ ...input.data, ...uris }) }),
    )
    if (answer.status !== 201 || !hasPlaceholders(uris.redirect_uris)) return answer
    const client = Registered.parse(await answer.json())
    await setRedirectUris(db, client.client_id, given)
    return Response.json({ ...client, redirect_uris: given }, { status: 201, headers: headersOf(answer) })
  }
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
