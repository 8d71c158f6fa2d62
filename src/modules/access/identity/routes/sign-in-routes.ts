import { z } from 'zod'
import { openRoute } from '#kernel/calls/route'
import type { OpenRequest, OpenRoute } from '#kernel/calls/route'
import { RefreshInput, TokensAnswer } from '../session-tokens.ts'
import type { Tokens } from '../session-tokens.ts'
import { SignedIn, SignInInput } from '../sign-in.ts'
import type { SignIn } from '../sign-in.ts'
import { SignedUp, SignUpInput } from '../sign-up.ts'
import type { SignUp } from '../sign-up.ts'

const TAGS = ['auth']
/** Nothing that holds a token may be kept by anybody on the way. */
const NO_STORE = [['Cache-Control', 'no-store']] as const

export interface SignInVerbs {
  readonly signIn: SignIn
  readonly signUp: SignUp
  readonly signOut: (refreshToken: string | undefined, from: OpenRequest) => Promise<void>
  readonly refresh: Tokens['refresh']
}

/**
 * Sign-up and sign-in under both pairs of names: `signup` and `signin` answer bare, so that `access_token` is at the
 * top; `register` and `login`, and the rest, answer in the envelope.
 */
export function signInRoutes(verbs: SignInVerbs): OpenRoute[] {
  return [
    signUpRoute('signup', 'bare', verbs),
    signUpRoute('register', 'standard', verbs),
    signInRoute('signin', 'bare', verbs),
    signInRoute('login', 'standard', verbs),
    refreshRoute(verbs),
    logoutRoute(verbs),
  ]
}

function signUpRoute(name: string, envelope: 'bare' | 'standard', verbs: SignInVerbs): OpenRoute {
  return openRoute({
    method: 'POST',
    path: `/api/v1/auth/${name}`,
    summary: 'Make an account; a link to confirm the address is sent, whether there was one or not',
    tags: TAGS,
    public: 'whoever makes an account has none yet',
    limit: 'strict',
    body: SignUpInput,
    response: SignedUp,
    envelope,
    run: async (request, { body }) => {
      const answer = await verbs.signUp(body, request)
      return { body: answer, status: 'access_token' in answer ? 201 : 202, headers: NO_STORE }
    },
  })
}

function signInRoute(name: string, envelope: 'bare' | 'standard', verbs: SignInVerbs): OpenRoute {
  return openRoute({
    method: 'POST',
    path: `/api/v1/auth/${name}`,
    summary: 'Sign in with e-mail and password, and a code where two factors are on',
    tags: TAGS,
    public: 'whoever signs in has no token yet',
    limit: 'strict',
    body: SignInInput,
    response: SignedIn,
    envelope,
    run: async (request, { body }) => ({ body: await verbs.signIn(body, request), headers: NO_STORE }),
  })
}

function refreshRoute({ refresh }: SignInVerbs): OpenRoute {
  return openRoute({
    method: 'POST',
    path: '/api/v1/auth/refresh',
    summary: 'Exchange a refresh token for new tokens; with `tenant_id`, for another of your organisations',
    tags: TAGS,
    public: 'the refresh token is the credential',
    limit: 'flood',
    body: RefreshInput,
    response: TokensAnswer,
    run: async (request, { body }) => ({ body: await refresh(body, request), headers: NO_STORE }),
  })
}

function logoutRoute({ signOut }: SignInVerbs): OpenRoute {
  return openRoute({
    method: 'POST',
    path: '/api/v1/auth/logout',
    summary: 'End the session of the refresh token in the body, or of the access token in the header',
    tags: TAGS,
    public: 'either token is the credential',
    limit: 'default',
    body: z.strictObject({ refresh_token: z.string().min(1).max(200).optional() }).nullish(),
    response: z.object({ status: z.literal('signed_out') }),
    run: async (request, { body }) => {
      await signOut(body?.refresh_token, request)
      return { body: { status: 'signed_out' as const } }
    },
  })
}
