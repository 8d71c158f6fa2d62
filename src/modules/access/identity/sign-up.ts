import type { OpenRequest } from '#kernel/calls/route'
import type { Library } from './library.ts'
import type { SignedIn, SignInInput } from './sign-in.ts'

export interface SignUpInput {
  readonly email: string
  readonly password: string
  readonly name: string
}

/** The answer of every sign-up before its address is confirmed, whether the address had an account or not. */
export interface ConfirmationSent {
  readonly status: 'verification_required'
  readonly message: string
}

/** Makes an account. Tokens come at once only where no confirmed address is asked for. */
export function signUp(parts: {
  readonly library: Library
  readonly requireVerifiedEmail: boolean
  readonly signIn: (input: SignInInput, from: OpenRequest) => Promise<SignedIn>
}) {
  const { library, requireVerifiedEmail } = parts
  return async ({ email, password, name }: SignUpInput, from: OpenRequest): Promise<SignedIn | ConfirmationSent> => {
    await library.post('/sign-up/email', { email, password, name }, from)
    if (!requireVerifiedEmail) return parts.signIn({ email, password }, from)
    return {
      status: 'verification_required',
      message: 'We sent a link to this address. Open it, then sign in.',
    }
  }
}
