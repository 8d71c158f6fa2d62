import { Failure } from '#kernel/failure'
import type { OpenRequest } from '#kernel/route'
import type { Mailer } from '../mail/mailer.ts'
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
  readonly mailer: Pick<Mailer, 'delivers'>
  readonly requireVerifiedEmail: boolean
  readonly signIn: (input: SignInInput, from: OpenRequest) => Promise<SignedIn>
}) {
  const { library, mailer, requireVerifiedEmail } = parts
  return async ({ email, password, name }: SignUpInput, from: OpenRequest): Promise<SignedIn | ConfirmationSent> => {
    if (requireVerifiedEmail && !mailer.delivers) {
      throw new Failure(
        'unavailable',
        'No mail can be sent, so no account can be made. Ask the operator to set SMTP_URL.',
      )
    }
    await library.post('/sign-up/email', { email, password, name }, from)
    if (!requireVerifiedEmail) return parts.signIn({ email, password }, from)
    return {
      status: 'verification_required',
      message: 'We sent a link to this address. Open it, then sign in.',
    }
  }
}
