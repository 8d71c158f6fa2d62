import { z } from 'zod'
import { isRedirectUri } from './redirect-uris.ts'

// The fields by which clients describe themselves, when they register and in their metadata documents.

export const text = z.string().min(1).max(200)

/** A page about the client. Browsers show it as a link, so schemes other than http and https are refused. */
const link = z.url({ protocol: /^https?$/ }).max(2048)

/** An optional field. Libraries send `null` or an empty text for what they do not know. */
export function optional<T extends z.ZodType>(field: T) {
  return z.preprocess((value) => (value === null || value === '' ? undefined : value), field.optional())
}

const redirectUri = z
  .string()
  .max(2048)
  .refine(
    isRedirectUri,
    'expected https, http on localhost, 127.0.0.1 or [::1], or the scheme of a program, without user name, fragment or spaces, such as https://app.example/callback',
  )
export const redirectUris = z.array(redirectUri).min(1).max(50)

export const jwks = z.object({ keys: z.array(z.record(z.string(), z.unknown())).max(20) })

export const links = {
  client_uri: optional(link),
  logo_uri: optional(link),
  tos_uri: optional(link),
  policy_uri: optional(link),
  jwks_uri: optional(link),
}
