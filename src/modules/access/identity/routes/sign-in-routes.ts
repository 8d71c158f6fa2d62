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
/** Responses with tokens must not be cached. */
const NO_STORE = [['Cache-Control', 'no-store']] as const

export interface SignInHandlers {
  readonly signIn: SignIn
  readonly signUp: SignUp
  readonly signOut: (refreshToken: string | undefined, from: OpenRequest) => Promise<void>
  readonly refresh: Tokens['refresh']
}

/**
 * The routes of sign-up, sign-in, refresh and sign-out. Sign-up and sign-in have two names each: `signup` and `signin`
 * answer without the envelope, so that `access_token` is at the top level; `register`, `login` and the rest answer in
 * it.
 */
export function signInRoutes(handlers: SignInHandlers): OpenRoute[] {
  return [
    signUpRoute('signup', 'bare', handlers),
    signUpRoute('register', 'standard', handlers),
    signInRoute('signin', 'bare', handlers),
    signInRoute('login', 'standard', handlers),
    refreshRoute(handlers),
    logoutRoute(handlers),
  ]
}

function signUpRoute(name: string, envelope: 'bare' | 'standard', handlers: SignInHandlers): OpenRoute {
  return openRoute({
    method: 'POST',
    path: `/api/v1/auth/${name}`,
    summary: 'Create an account; a link to confirm the e-mail address is sent to it',
    tags: TAGS,
    public: 'a person who signs up has no account yet',
    limit: 'strict',
    body: SignUpInput,
    response: SignedUp,
    envelope,
    run: async (request, { body }) => {
      const answer = await handlers.signUp(body, request)
      return { body: answer, status: 'access_token' in answer ? 201 : 202, headers: NO_STORE }
    },
  })
}

function signInRoute(name: string, envelope: 'bare' | 'standard', handlers: SignInHandlers): OpenRoute {
  return openRoute({
    method: 'POST',
    path: `/api/v1/auth/${name}`,
    summary: 'Sign in with e-mail and password, and with a code if two-factor sign-in is on',
    tags: TAGS,
    public: 'a person who signs in has no token yet',
    limit: 'strict',
    body: SignInInput,
    response: SignedIn,
    envelope,
    run: async (request, { body }) => ({ body: await handlers.signIn(body, request), headers: NO_STORE }),
  })
}

function refreshRoute({ refresh }: SignInHandlers): OpenRoute {
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

function logoutRoute({ signOut }: SignInHandlers): OpenRoute {
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
