import { z } from 'zod'
import type { OpenRequest } from '#kernel/calls/route'
import type { Library } from './library.ts'
import { Email, NewPassword } from './shapes.ts'
import { SignedIn } from './sign-in.ts'
import type { SignIn } from './sign-in.ts'

const PersonName = z.string().trim().min(1).max(100)

export const SignUpInput = z.strictObject({
  email: Email,
  password: NewPassword,
  name: PersonName.optional().describe(
    'Your name as others see it. Default: the part of the e-mail address before the @.',
  ),
})

/** The answer to a sign-up that must be confirmed; the same whether or not the address already had an account. */
const ConfirmationSent = z.object({ status: z.literal('verification_required'), message: z.string() })
export const SignedUp = z.union([ConfirmationSent, SignedIn])

export type SignUp = (input: z.output<typeof SignUpInput>, from: OpenRequest) => Promise<z.output<typeof SignedUp>>

/** Creates an account. Issues tokens at once only where no confirmed address is required. */
export function signUp(parts: {
  readonly library: Library
  readonly requireVerifiedEmail: boolean
  readonly signIn: SignIn
}): SignUp {
  const { library, requireVerifiedEmail } = parts
  return async ({ email, password, name = email.slice(0, email.indexOf('@')) }, from) => {
    await library.post('/sign-up/email', { email, password, name }, from)
    if (!requireVerifiedEmail) return parts.signIn({ email, password }, from)
    return {
      status: 'verification_required',
      message: 'Confirm the address with the link of the e-mail, then sign in.',
    }
  }
}
