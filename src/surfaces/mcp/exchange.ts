import type { Principal } from '#kernel/principal'
import type { NoteLevel } from '#kernel/calls/interaction'
import type { TraceCarrier } from '#kernel/telemetry/tracing'
import type { Endpoint } from './endpoint.ts'
import type { Era } from './era.ts'

/** One MCP request: its principal, endpoint, protocol revision, and a signal that aborts when the caller disconnects. */
export interface Exchange {
  readonly endpoint: Endpoint
  readonly principal: Principal
  readonly era: Era
  readonly requestId: string
  readonly controller: AbortController
  readonly trace?: TraceCarrier
  /** Sends notifications before the result; absent when the caller cannot receive any. */
  readonly notices?: Notices
}

/** Notifications that a running call may send to its caller. */
export interface Notices {
  progress(params: {
    readonly progressToken: string | number
    readonly progress: number
    total?: number
    message?: string
  }): void
  log(level: NoteLevel, message: string): void
  /** Sends keep-alive comments while the call is silent. */
  keepAlive(): void
}
