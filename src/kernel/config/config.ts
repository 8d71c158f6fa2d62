import { z } from 'zod'
import { AuditSettings } from './audit.ts'
import { AuthSettings } from './auth.ts'
import { CustomerSettings } from './customers.ts'
import { DatabaseSettings } from './database.ts'
import { OAuthSettings } from './oauth.ts'
import { CacheSettings, LimitSettings, McpSettings, ObservabilitySettings, SecuritySettings } from './runtime.ts'
import { SecretSettings } from './secrets.ts'
import { ServerSettings } from './server.ts'

/** Every setting there is. `docs/configuration.md` is generated from this schema. */
export const ConfigSchema = z.object({
  server: ServerSettings,
  database: DatabaseSettings,
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

export type Config = z.output<typeof ConfigSchema>
