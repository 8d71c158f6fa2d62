import { z } from 'zod'
import { setting, wholeNumber, yesOrNo } from '#kernel/config/setting'

export const AuthSettings = z.object({
  betterAuthSecret: setting('BETTER_AUTH_SECRET', z.string().min(32).optional(), {
    describe:
      'Signs session cookies and links in mails, and encrypts two-factor secrets and backup codes. Changing it signs browsers out and loses the second factors. Development makes one under `DATA_DIR`.',
    example: '$(openssl rand -base64 32)',
    secret: true,
    strongEverywhere: true,
    requiredInProduction: true,
  }),
  jwtSecret: setting('JWT_SECRET', z.string().min(32).optional(), {
    describe:
      'Keys the hashes of refresh tokens, and of e-mails in the record of failed sign-ins. It signs no access token: those are signed with keys of their own, which rotate. Changing it ends every refresh token. Development makes one under `DATA_DIR`.',
    example: '$(openssl rand -base64 32)',
    secret: true,
    strongEverywhere: true,
    requiredInProduction: true,
  }),
  accessTokenSeconds: setting('ACCESS_TOKEN_SECONDS', wholeNumber(60, 3600).default(900), {
    describe: 'How long an access token is good for.',
    example: '900',
  }),
  refreshTokenDays: setting('REFRESH_TOKEN_DAYS', wholeNumber(1, 90).default(7), {
    describe: 'How long a refresh token, and a session that is not used, is good for.',
    example: '7',
  }),
  signUp: setting('AUTH_SIGN_UP', z.enum(['open', 'invited', 'closed']).default('open'), {
    describe: 'Who may make an account: anyone, only e-mails with an invitation that is open, or nobody.',
    example: 'invited',
  }),
  requireVerifiedEmail: setting('AUTH_REQUIRE_VERIFIED_EMAIL', yesOrNo().default(true), {
    describe:
      'Refuse to sign in before the e-mail is verified. Off, a sign-up is answered with tokens at once, and tells who has an account.',
    example: 'true',
  }),
  lockoutFailures: setting('AUTH_LOCKOUT_FAILURES', wholeNumber(3, 100).default(5), {
    describe:
      'Wrong passwords in a row after which an account takes none from that network for a while. Five times as many, from all networks together, close it to networks it never signed in from.',
    example: '5',
  }),
  lockoutSeconds: setting('AUTH_LOCKOUT_SECONDS', wholeNumber(60, 86_400).default(900), {
    describe: 'How long such a lock lasts. A password reset by mail ends it at once.',
    example: '900',
  }),
  smtpUrl: setting('SMTP_URL', z.url({ protocol: /^smtps?$/ }).optional(), {
    describe:
      'Mail server. Unset, development and test write the links of mails to the log; production sends no mail, and says so.',
    example: 'smtps://plimsoll:a-long-password@mail.example.com:465',
    secret: true,
  }),
  mailFrom: setting('MAIL_FROM', z.string().min(3).default('Plimsoll <no-reply@localhost>'), {
    describe: 'Sender of mails.',
    example: 'Plimsoll <no-reply@example.com>',
  }),
})

export type AuthSettings = z.output<typeof AuthSettings>
