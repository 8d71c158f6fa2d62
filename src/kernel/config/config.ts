import { DatabaseSettings } from './database.ts'
import { FileSettings } from './files.ts'
import { CacheSettings, LimitSettings, McpSettings, ObservabilitySettings, SecuritySettings } from './runtime.ts'
import { SecretSettings } from './secrets.ts'
import { ServerSettings } from './server.ts'
import type { SettingsOf } from './setting.ts'

/** The settings of the platform. Modules declare their own. */
export const PLATFORM_SETTINGS = {
  server: ServerSettings,
  database: DatabaseSettings,
  files: FileSettings,
  cache: CacheSettings,
  limits: LimitSettings,
  security: SecuritySettings,
  secrets: SecretSettings,
  observability: ObservabilitySettings,
  mcp: McpSettings,
}

/** The values of the platform's settings, without those of modules. */
export type Config = SettingsOf<typeof PLATFORM_SETTINGS>
