import { z } from 'zod'
import { setting, wholeNumber, yesOrNo } from '#kernel/config/setting'

export const AuthSettings = z.object({
  betterAuthSecret: setting('BETTER_AUTH_SECRET', z.string().min(32).optional(), {
    describe:
      'Signs session cookies and links in mails, and encrypts two-factor secrets and backup codes. Changing it ends browser sessions and makes the second factors unusable. Development generates one under `DATA_DIR`.',
    example: '$(openssl rand -base64 32)',
    secret: true,
    strongEverywhere: true,
    requiredInProduction: true,
  }),
  jwtSecret: setting('JWT_SECRET', z.string().min(32).optional(), {
    describe:
      'Key of the hashes of refresh tokens, and of the e-mail addresses stored with failed sign-ins. Access tokens are signed with other keys, which rotate. Changing it invalidates every refresh token. Development generates one under `DATA_DIR`.',
    example: '$(openssl rand -base64 32)',
    secret: true,
    strongEverywhere: true,
    requiredInProduction: true,
  }),
  accessTokenSeconds: setting('ACCESS_TOKEN_SECONDS', wholeNumber(60, 3600).default(900), {
    describe: 'How long an access token is valid.',
    example: '900',
  }),
  refreshTokenDays: setting('REFRESH_TOKEN_DAYS', wholeNumber(1, 90).default(7), {
    describe: 'How long a refresh token, or a session without activity, is valid.',
    example: '7',
  }),
  signUp: setting('AUTH_SIGN_UP', z.enum(['open', 'invited', 'closed']).default('open'), {
    describe: 'Who may sign up: anyone (`open`), only e-mail addresses with a pending invitation, or nobody.',
    example: 'invited',
  }),
  requireVerifiedEmail: setting('AUTH_REQUIRE_VERIFIED_EMAIL', yesOrNo().default(true), {
    describe:
      'Refuse sign-in until the e-mail address is verified. When off, signing up returns tokens at once, and its answer reveals whether an address has an account.',
    example: 'true',
  }),
  lockoutFailures: setting('AUTH_LOCKOUT_FAILURES', wholeNumber(3, 100).default(5), {
    describe:
      'Consecutive wrong passwords after which an account is locked for the network they came from. Five times as many, from all networks together, lock it for every network it never signed in from.',
    example: '5',
  }),
  lockoutSeconds: setting('AUTH_LOCKOUT_SECONDS', wholeNumber(60, 86_400).default(900), {
    describe: 'How long an account stays locked. Resetting the password by mail unlocks it at once.',
    example: '900',
  }),
  smtpUrl: setting('SMTP_URL', z.url({ protocol: /^smtps?$/ }).optional(), {
    describe:
      'Mail server. When unset, development and test write the links of mails to the log; other environments send no mail and warn at the start.',
    example: 'smtps://plimsoll:a-long-password@mail.example.com:465',
    secret: true,
  }),
  mailFrom: setting('MAIL_FROM', z.string().min(3).default('Plimsoll <no-reply@localhost>'), {
    describe: 'Sender of mails.',
    example: 'Plimsoll <no-reply@example.com>',
  }),
})

export type AuthSettings = z.output<typeof AuthSettings>
