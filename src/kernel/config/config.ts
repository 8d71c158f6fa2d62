import { z } from 'zod'
import { AuditSettings } from './audit.ts'
import { AuthSettings } from './auth.ts'
import { CustomerSettings } from './customers.ts'
import { DatabaseSettings } from './database.ts'
import { FileSettings } from './files.ts'
import { OAuthSettings } from './oauth.ts'
import { CacheSettings, LimitSettings, McpSettings, ObservabilitySettings, SecuritySettings } from './runtime.ts'
import { SecretSettings } from './secrets.ts'
import { ServerSettings } from './server.ts'

/** Every setting there is. `docs/configuration.md` is generated from this schema. */
export const ConfigSchema = z
  .object({
    server: ServerSettings,
    database: DatabaseSettings,
    files: FileSettings,
    cache: CacheSettings,
    limits: LimitSettings,
    security: SecuritySettings,
    secrets: SecretSettings,
    auth: AuthSettings,
    oauth: OAuthSettings,
    audit: AuditSettings,
    observability: ObservabilitySettings,
    mcp: McpSettings,
    customers: CustomerSettings,
  })
  .superRefine(({ oauth, server }, issue) => {
    const add = (path: [string, string], message: string) => issue.addIssue({ code: 'custom', path, message })
    if (oauth.issuer === undefined) return
    if (server.publicUrl === undefined) {
      add(['server', 'publicUrl'], 'the URL of this server, for which OAUTH_ISSUER writes its tokens')
    }
    const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(new URL(oauth.issuer).hostname)
    if (oauth.issuer.startsWith('http:') && !isHere && server.environment === 'production') {
      add(['oauth', 'issuer'], 'an https URL in production')
    }
  })

export type Config = z.output<typeof ConfigSchema>
