import type { Job } from './jobs.ts'
import type { Route } from './route.ts'
import type { ToolServer } from './tool.ts'

/** What a module hands to `app.ts`. Surfaces mount the data; other modules get `api` as a factory argument. */
export interface Module<Api = unknown> {
  readonly name: string
  readonly api: Api
  readonly server?: ToolServer
  readonly routes?: readonly Route[]
  readonly jobs?: readonly Job[]
}
