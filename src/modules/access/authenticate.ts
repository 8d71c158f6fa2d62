import type { AccessRequest, Authenticate, Principal } from '#kernel/principal'
import { Failure } from '#kernel/failure'
import { bearerOf, isKeyText } from './key-text.ts'
import { TOKEN_CHARACTERS_MAX } from './oauth/compact-token.ts'

type Check = (credential: string, request: AccessRequest) => Principal | Promise<Principal>

/** The form of a JWT: three base64url parts. */
const TOKEN = /^[\w-]+\.[\w-]+\.[\w-]+$/

/** Authenticates a bearer credential: an API key or an access token, told apart by its form. */
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
  return new Failure('unauthenticated', 'A valid API key or access token is required: Authorization: Bearer plim_…')
}
