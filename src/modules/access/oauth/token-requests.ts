import { decodeJwt } from 'jose'
import type { Db } from '#kernel/database/db'
import type { Around } from './around.ts'
import { parametersOf, withParameters } from './around.ts'
import type { NameResource } from './resource-names.ts'
import { findClient } from './store.ts'

/**
 * A token or revocation request. The error for an unknown client is `invalid_client`, by which it knows that it has to
 * register again; the library would refuse its code or refresh token.
 */
export function tokenRequest(
  db: Db,
  { nameResource }: NameResource,
  isDocument: (clientId: string) => boolean,
): Around {
  return async (request, next) => {
    const parameters = await parametersOf(request)
    const { id, isBasic } = clientOf(request, parameters)
    if (id !== undefined && !isDocument(id) && (await findClient(db, id)) === undefined) return unknownClient(isBasic)
    nameResource(parameters)
    return next(withParameters(request, parameters))
  }
}

/** The id that a client authenticates with: that of its Basic credentials, its form, or its signed assertion. */
function clientOf(request: Request, parameters: URLSearchParams): { id: string | undefined; isBasic: boolean } {
  const basic = /^Basic\s+([\w+/=-]+)\s*$/i.exec(request.headers.get('authorization') ?? '')?.[1]
  if (basic === undefined) {
    const id = parameters.get('client_id') ?? subjectOf(parameters.get('client_assertion') ?? '')
    return { id, isBasic: false }
  }
  const [id = ''] = Buffer.from(basic, 'base64').toString('utf8').split(':', 1)
  return { id: decoded(id), isBasic: true }
}

function subjectOf(assertion: string): string | undefined {
  try {
    return decodeJwt(assertion).sub
  } catch {
    // Safe because the library refuses it.
    return undefined
  }
}

/** Basic credentials are form-encoded before they are joined (RFC 6749, 2.3.1). */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    // Safe because such an id is the id of no client.
    return text
  }
}

/** RFC 6749, 5.2. */
function unknownClient(isBasic: boolean): Response {
  return Response.json(
    { error: 'invalid_client', error_description: 'This client is not registered here. Register it again.' },
    {
      status: 401,
      headers: { 'cache-control': 'no-store', ...(isBasic && { 'www-authenticate': 'Basic realm="plimsoll"' }) },
    },
  )
}
