import type { BetterAuthPlugin } from 'better-auth'
import { createAuthMiddleware } from 'better-auth/api'
import { z } from 'zod'

const Registration = z.looseObject({
  redirect_uris: z.array(z.string()).min(1),
  application_type: z.never().optional(),
})

/**
 * A plugin that registers clients with loopback redirect URIs as native. Most omit `application_type`, and the library
 * would treat them as web clients, which may not have such URIs (OpenID Connect Registration 1.0, section 2).
 */
export function nativeClients(): BetterAuthPlugin {
  return {
    id: 'plimsoll-native-clients',
    hooks: {
      before: [
        {
          matcher: ({ path }) => path === '/oauth2/register',
          handler: createAuthMiddleware(async ({ body }) => {
            const registration = Registration.safeParse(body)
            if (!registration.success || !registration.data.redirect_uris.every(isLoopback)) return undefined
            return { context: { body: { ...registration.data, application_type: 'native' } } }
          }),
        },
      ],
    },
  }
}

function isLoopback(uri: string): boolean {
  return URL.canParse(uri) && ['localhost', '127.0.0.1', '[::1]'].includes(new URL(uri).hostname)
}
