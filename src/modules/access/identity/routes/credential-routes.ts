import { z } from 'zod'
import { openRoute } from '#kernel/calls/route'
import type { OpenRoute } from '#kernel/calls/route'
import type { Library } from '../library.ts'
import { Email, MessageAnswer, NewPassword } from '../shapes.ts'

const TAGS = ['auth']
const SENT = 'If there is such an account, a mail is on its way.'

/** Confirming an address and choosing another password, by links in mails. */
export function credentialRoutes(library: Library): OpenRoute[] {
  return [...confirmationRoutes(library), ...passwordRoutes(library)]
}

function confirmationRoutes(library: Library): OpenRoute[] {
  return [
    openRoute({
      method: 'POST',
      path: '/api/v1/auth/verify',
      summary: 'Confirm an e-mail address with the token of the link in the mail',
      tags: TAGS,
      public: 'the token is the credential',
      limit: 'strict',
      body: z.strictObject({ token: z.string().min(1).max(2000) }),
      response: MessageAnswer,
      run: async (request, { body }) => {
        await library.get('/verify-email', { token: body.token }, request)
        return { body: { status: 'verified', message: 'The address is confirmed. Sign in now.' } }
      },
    }),
    openRoute({
      method: 'POST',
      path: '/api/v1/auth/verify/resend',
      summary: 'Send the link to confirm an address again; the answer does not tell whether there is an account',
      tags: TAGS,
      public: 'whoever asks cannot sign in yet',
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
      summary: 'Send a link to choose a new password; the answer does not tell whether there is an account',
      tags: TAGS,
      public: 'whoever asks cannot sign in',
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
      summary: 'Choose a new password with the token of the link in the mail; every session ends',
      tags: TAGS,
      public: 'the token is the credential',
      limit: 'strict',
      body: z.strictObject({ token: z.string().min(1).max(200), password: NewPassword }),
      response: MessageAnswer,
      run: async (request, { body }) => {
        await library.post('/reset-password', { token: body.token, newPassword: body.password }, request)
        return { body: { status: 'changed', message: 'The password is changed and every session ended. Sign in now.' } }
      },
    }),
  ]
}
