import type { ScopeGrant } from './authorization.ts'
import type { Command, CommandGroup } from './commands/command.ts'
import type { EncryptedField } from './crypto/encrypted-field.ts'
import type { SettingGroups } from './config/setting.ts'
import type { DeclaredEvent } from './jobs/event.ts'
import type { Job } from './jobs/job.ts'
import type { PersonalData } from './personal-data.ts'
import type { Check } from './startup/check.ts'
import type { Metric } from './telemetry/metric.ts'
import type { OpenRoute, Route, WebMount } from './calls/route.ts'
import type { SocketRoute } from './calls/socket-route.ts'
import type { StreamRoute } from './calls/stream-route.ts'
import type { ToolServer } from './calls/tool.ts'

/** What a module declares before it is built, collected in `src/declarations.ts`. */
export interface Declarations<Api = unknown> {
  readonly name: string
  /** Settings, by their group in the configuration. */
  readonly settings?: SettingGroups
  /** Metrics. The module's factory creates them with `metrics.instruments`. */
  readonly metrics?: Readonly<Record<string, Metric>>
  /** Outbox events it publishes, to which jobs of any module may subscribe. */
  readonly events?: Readonly<Record<string, DeclaredEvent>>
  /** Commands it adds to the command line. */
  readonly commands?: readonly (Command<Api> | CommandGroup<Api>)[]
}

/** A module as data. Surfaces mount its entry points; other modules get its `api` as a factory argument. */
export interface Module<Api = unknown> extends Declarations<Api> {
  readonly api: Api
  /** Its scopes: every scope that its tools, routes and jobs require. */
  readonly scopes?: readonly ScopeGrant[]
  readonly server?: ToolServer
  readonly routes?: readonly Route[]
  readonly openRoutes?: readonly OpenRoute[]
  /** Routes that respond with server-sent events. */
  readonly streams?: readonly StreamRoute[]
  /** WebSocket routes. */
  readonly sockets?: readonly SocketRoute[]
  readonly web?: readonly WebMount[]
  readonly jobs?: readonly Job[]
  /** Startup checks, run after those of the services and before the server listens. */
  readonly checks?: readonly Check[]
  /** Starts background work of every server process; not run in commands. */
  readonly background?: () => { stop(deadlineSeconds: number): Promise<void> }
  /** Its personal-data holders. A test fails for a module whose tables hold personal data without one. */
  readonly personalData?: readonly PersonalData[]
  /** Its encrypted columns, for re-encryption when the root key is rotated. */
  readonly encryptedFields?: readonly EncryptedField[]
}
