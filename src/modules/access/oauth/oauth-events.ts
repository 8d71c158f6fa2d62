import type { OAuthClaimExtensionInput } from '@better-auth/oauth-provider'
import type { BetterAuthPlugin } from 'better-auth'
import { createAuthMiddleware, isAPIError } from 'better-auth/api'
import { z } from 'zod'
import { callerOf } from '../identity/caller.ts'
import type { IdentityEvents } from '../identity/events.ts'
import type { RefreshToken } from './store.ts'

const ConsentAnswer = z.object({ accept: z.boolean(), oauth_query: z.string() })
const Refresh = z.object({ grant_type: z.literal('refresh_token'), refresh_token: z.string() })
const Withdrawal = z.object({ id: z.string() })
const Registered = z.object({ client_id: z.string(), client_name: z.string().optional() })

/** Records an issued or refreshed access token in the audit trail, before the client receives it. */
export async function recordIssue(events: IdentityEvents, issue: OAuthClaimExtensionInput): Promise<void> {
  const { ctx, user, client, referenceId, grantType, scopes, resources } = issue
  if (user === undefined || user === null) return
  await events.record(callerOf(ctx.headers), {
    action: grantType === 'refresh_token' ? 'oauth.token-refreshed' : 'oauth.token-issued',
    outcome: 'success',
    userId: user.id,
    tenantId: referenceId,
    subject: client.clientId,
    after: { scopes, resources },
  })
}

/** A plugin that audits consents, their withdrawal, client registrations and reused refresh tokens. */
export function oauthEvents(
  events: IdentityEvents,
  findRefreshToken: (token: string) => Promise<RefreshToken | undefined>,
): BetterAuthPlugin {
  const before = createAuthMiddleware(async (ctx) => {
    const refresh = Refresh.safeParse(ctx.body)
    const known = refresh.success ? await findRefreshToken(refresh.data.refresh_token) : undefined
    if (known?.revoked != null) {
      await events.record(callerOf(ctx.headers), {
        action: 'identity.refresh-token-reused',
        outcome: 'denied',
        reason: 'reused',
        about: known.user_id,
        tenantId: known.reference_id,
        subject: known.client_id,
      })
    }
  })
  const after = createAuthMiddleware(async (ctx) => {
    const { returned, session } = ctx.context
    const isRefused = isAPIError(returned) || (returned instanceof Response && returned.status >= 400)
    const record = (action: string, subject: string, isSuccess: boolean, details: object) =>
      events.record(callerOf(ctx.headers), {
        action,
        outcome: isSuccess ? 'success' : 'denied',
        ...(session !== null && { userId: session.user.id }),
        tenantId: text(session?.session['activeOrganizationId']),
        subject,
        after: details,
      })
    if (ctx.path === '/oauth2/register') {
      const client = Registered.safeParse(returned)
      await record('oauth.client-registered', client.data?.client_id ?? '*', client.success, {
        name: client.data?.client_name,
      })
    }
    if (isRefused || session === null) return
    const answer = ConsentAnswer.safeParse(ctx.body)
    if (ctx.path === '/oauth2/consent' && answer.success) {
      const request = new URLSearchParams(answer.data.oauth_query)
      const details = { scope: request.get('scope'), resource: request.getAll('resource') }
      await record('oauth.consent', request.get('client_id') ?? '*', answer.data.accept, details)
    }
    const withdrawn = Withdrawal.safeParse(ctx.body)
    if (ctx.path === '/oauth2/delete-consent' && withdrawn.success) {
      await record('oauth.consent-withdrawn', withdrawn.data.id, true, {})
    }
  })
  return {
    id: 'plimsoll-oauth-events',
    hooks: {
      before: [{ matcher: ({ path }) => path === '/oauth2/token', handler: before }],
      after: [{ matcher: ({ path }) => path?.startsWith('/oauth2/') === true, handler: after }],
    },
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
