import type { Principal } from '#kernel/principal'
import type { NoteLevel } from '#kernel/calls/interaction'
import type { TraceCarrier } from '#kernel/telemetry/tracing'
import type { Endpoint } from './endpoint.ts'
import type { Era } from './era.ts'

/** One request on its way: who asks, where, in which revision, and how to tell that the caller left. */
export interface Exchange {
  readonly endpoint: Endpoint
  readonly principal: Principal
  readonly era: Era
  readonly requestId: string
  readonly controller: AbortController
  readonly trace?: TraceCarrier
  /** Tells the caller something before the result; absent where nothing can be told. */
  readonly notices?: Notices
}

/** What a running call may tell its caller. */
export interface Notices {
  progress(params: {
    readonly progressToken: string | number
    readonly progress: number
    total?: number
    message?: string
  }): void
  log(level: NoteLevel, message: string): void
  /** Keeps the connection busy during a long silence. */
  keepAlive(): void
}
