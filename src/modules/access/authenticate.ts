import type { AccessRequest, Authenticate, Principal } from '#kernel/principal'
import { Failure } from '#kernel/failure'
import { bearerOf, isKeyText } from './key-text.ts'
import { TOKEN_CHARACTERS_MAX } from './oauth/compact-token.ts'

type Check = (credential: string, request: AccessRequest) => Principal | Promise<Principal>

/** An access token as a JWT is written: three parts. Longer ones are not read. */
const TOKEN = /^[\w-]+\.[\w-]+\.[\w-]+$/

/** Tells credentials apart by their form and has each checked by those who know it. */
export function authenticator({ keys, tokens }: { readonly keys: Check; readonly tokens: Check }): Authenticate {
  return (authorization, request) => {
    const credential = bearerOf(authorization)
    if (credential === undefined) throw unknownCredential()
    if (isKeyText(credential)) return keys(credential, request)
    if (credential.length <= TOKEN_CHARACTERS_MAX && TOKEN.test(credential)) return tokens(credential, request)
    throw unknownCredential()
  }
}

function unknownCredential(): Failure {
  return new Failure('unauthenticated', 'A valid API key or access token is needed: Authorization: Bearer plim_…')
}
