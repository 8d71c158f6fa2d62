import { z } from 'zod'
import { openRoute } from '#kernel/calls/route'
import type { OpenRoute } from '#kernel/calls/route'
import { ConfirmEmailInput } from '../confirm-email.ts'
import type { ConfirmEmail } from '../confirm-email.ts'
import type { Library } from '../library.ts'
import { Email, MessageAnswer, NewPassword } from '../shapes.ts'

const TAGS = ['auth']
const SENT = 'If this address has an account, we have sent it an e-mail.'

/** The routes to confirm an e-mail address and to reset a password, by links that are sent by mail. */
export function credentialRoutes(library: Library, confirm: ConfirmEmail): OpenRoute[] {
  return [...confirmationRoutes(library, confirm), ...passwordRoutes(library)]
}

function confirmationRoutes(library: Library, confirm: ConfirmEmail): OpenRoute[] {
  return [
    openRoute({
      method: 'POST',
      path: '/api/v1/auth/verify',
      summary: 'Confirm an e-mail address with the token of the link in the e-mail and the password of the account',
      tags: TAGS,
      public: 'the token and the password are the credentials',
      limit: 'strict',
      body: ConfirmEmailInput,
      response: MessageAnswer,
      run: async (request, { body }) => {
        await confirm(body, request)
        return { body: { status: 'verified', message: 'The address is confirmed. You can sign in now.' } }
      },
    }),
    openRoute({
      method: 'POST',
      path: '/api/v1/auth/verify/resend',
      summary: 'Send the confirmation link again; the answer does not reveal whether the account exists',
      tags: TAGS,
      public: 'a person without a confirmed address cannot sign in',
      limit: 'strict',
      body: z.strictObject({ email: Email }),
      response: MessageAnswer,
      status: 202,
      run: async (request, { body }) => {
        await library.post('/send-verification-email', { email: body.email }, request)
        return { body: { status: 'accepted', message: SENT } }
      },
    }),
  ]
}

function passwordRoutes(library: Library): OpenRoute[] {
  return [
    openRoute({
      method: 'POST',
      path: '/api/v1/auth/password/forgot',
      summary: 'Send a link to reset the password; the answer does not reveal whether the account exists',
      tags: TAGS,
      public: 'a person who forgot the password cannot sign in',
      limit: 'strict',
      body: z.strictObject({ email: Email }),
      response: MessageAnswer,
      status: 202,
      run: async (request, { body }) => {
        await library.post('/request-password-reset', { email: body.email }, request)
        return { body: { status: 'accepted', message: SENT } }
      },
    }),
    openRoute({
      method: 'POST',
      path: '/api/v1/auth/password/reset',
      summary:
        'Reset the password with the token of the link in the e-mail; this confirms the address and ends all sessions',
      tags: TAGS,
      public: 'the token is the credential',
      limit: 'strict',
      body: z.strictObject({ token: z.string().min(1).max(200), password: NewPassword }),
      response: MessageAnswer,
      run: async (request, { body }) => {
        await library.post('/reset-password', { token: body.token, newPassword: body.password }, request)
        return {
          body: {
            status: 'changed',
            message: 'The password was changed, and all sessions were ended. You can sign in now.',
          },
        }
      },
    }),
  ]
}
