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

/** What a module declares before it is built: what every module declares is gathered in `src/declarations.ts`. */
export interface Declarations<Api = unknown> {
  readonly name: string
  /** Its settings, by the group under which the configuration holds them. */
  readonly settings?: SettingGroups
  /** What it counts. The platform makes them (`metrics.instruments`) when the module is built. */
  readonly metrics?: Readonly<Record<string, Metric>>
  /** What it publishes, for jobs of any module. */
  readonly events?: Readonly<Record<string, DeclaredEvent>>
  /** What it adds to the command line. */
  readonly commands?: readonly (Command<Api> | CommandGroup<Api>)[]
}

/** What a module hands to `app.ts`. Surfaces mount the data; other modules get `api` as a factory argument. */
export interface Module<Api = unknown> extends Declarations<Api> {
  readonly api: Api
  /** Its lines of the table of scopes. Every scope that its tools, routes and jobs state is here. */
  readonly scopes?: readonly ScopeGrant[]
  readonly server?: ToolServer
  readonly routes?: readonly Route[]
  readonly openRoutes?: readonly OpenRoute[]
  /** Routes that answer with server-sent events. */
  readonly streams?: readonly StreamRoute[]
  /** WebSocket routes. */
  readonly sockets?: readonly SocketRoute[]
  readonly web?: readonly WebMount[]
  readonly jobs?: readonly Job[]
  /** Looked at before a server takes callers, after the services around it. */
  readonly checks?: readonly Check[]
  /** Starts what runs in every server process as long as it does; not in commands. */
  readonly background?: () => { stop(deadlineSeconds: number): Promise<void> }
  /** What it holds about people. A module whose tables hold personal data and that says nothing here fails the build. */
  readonly personalData?: readonly PersonalData[]
  /** The columns it encrypts, for re-encryption under a new key. */
  readonly encryptedFields?: readonly EncryptedField[]
}
