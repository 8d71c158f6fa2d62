import type { Db } from '#kernel/database/db'
import type { Around } from './around.ts'
import { parametersOf, withParameters } from './around.ts'
import type { NameResource } from './resource-names.ts'
import { findClient } from './store.ts'

/**
 * Completes an authorization request. A client that names no `resource` gets a token for all MCP servers: libraries
 * without RFC 8707 would get one that is valid nowhere. A client that cannot prove who it is asks for consent each time
 * (RFC 8252, 8.6): any program on the computer can use its id.
 */
export function authorizationRequest(db: Db, { nameResource, defaultResource }: NameResource): Around {
  return async (request, next) => {
    const parameters = await parametersOf(request)
    if (!parameters.has('resource')) parameters.set('resource', defaultResource())
    nameResource(parameters)
    const isWeb = parameters.get('redirect_uri')?.startsWith('https:') === true
    if (!isWeb && !(await provesItself(db, parameters.get('client_id')))) parameters.set('prompt', prompt(parameters))
    return next(withParameters(request, parameters))
  }
}

async function provesItself(db: Db, clientId: string | null): Promise<boolean> {
  const client = clientId === null ? undefined : await findClient(db, clientId)
  return client !== undefined && client.token_endpoint_auth_method !== 'none'
}

/** The prompts with `consent`, and without `none`, which it excludes. */
function prompt(parameters: URLSearchParams): string {
  const asked = (parameters.get('prompt') ?? '').split(' ').filter((name) => name !== '' && name !== 'none')
  return [...new Set([...asked, 'consent'])].join(' ')
}
