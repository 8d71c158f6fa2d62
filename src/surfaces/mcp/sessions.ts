import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { NodeStreamableHTTPServerTransport } from '@modelcontextprotocol/node'
import type { Clock } from '#kernel/clock'
import type { Principal } from '#kernel/principal'
import type { Endpoint } from './endpoint.ts'
import { sdkServer } from './sdk.ts'
import type { SdkParts } from './sdk.ts'

/**
 * The sessions of 2025-era clients that can be asked questions; other clients have none. They live in this process,
 * close when idle, and are valid only for the caller and the endpoint that opened them.
 */
export interface Sessions {
  open(endpoint: Endpoint, principal: Principal): Promise<Session>
  /** Finds the session of this id, caller and endpoint, and marks it as used. */
  find(id: string, endpoint: Endpoint, principal: Principal): Session | undefined
  /** Closes sessions that were idle too long. */
  sweep(): void
  count(): number
  close(): Promise<void>
}

export interface Session {
  /** Answers one HTTP request through the SDK; `body` is its parsed body. */
  handle(req: IncomingMessage, res: ServerResponse, body?: unknown): Promise<void>
}

export interface SessionSettings {
  readonly sessionsMax: number
  readonly sessionIdleSeconds: number
}

interface OpenSession extends Session {
  readonly endpoint: Endpoint
  readonly owner: string
  principal: Principal
  readonly close: () => Promise<void>
  usedAt: number
  inFlight: number
}

/** The share of all sessions that one caller may hold, so that it cannot evict the others. */
const SHARE_PER_CALLER = 0.25

export function sessionTable(settings: SessionSettings, clock: Clock, parts: SdkParts): Sessions {
  /** Sessions by last use, the least recently used first. */
  const open = new Map<string, OpenSession>()
  const perCallerMax = Math.max(1, Math.floor(settings.sessionsMax * SHARE_PER_CALLER))

  const idledOut = (session: OpenSession): boolean =>
    session.inFlight === 0 && clock().getTime() - session.usedAt > settings.sessionIdleSeconds * 1000
  const drop = (id: string): void => {
    const session = open.get(id)
    open.delete(id)
    session?.close().catch((error: unknown) => parts.log.debug({ err: error }, 'mcp session did not close cleanly'))
  }
  const makeRoom = (owner: string): void => {
    const own = [...open].filter(([, session]) => session.owner === owner)
    const [oldestOwn] = own
    if (own.length >= perCallerMax && oldestOwn !== undefined) drop(oldestOwn[0])
    const [oldest] = open.keys()
    if (open.size >= settings.sessionsMax && oldest !== undefined) drop(oldest)
  }
  return {
    open: async (endpoint, principal) => {
      makeRoom(ownerOf(principal))
      return connected(endpoint, principal, {
        clock,
        parts,
        opened: (id, session) => void open.set(id, session),
        closed: (id) => void open.delete(id),
      })
    },
    find: (id, endpoint, principal) => {
      const session = open.get(id)
      if (session !== undefined && idledOut(session)) {
        drop(id)
        return undefined
      }
      if (session?.endpoint !== endpoint || session.owner !== ownerOf(principal)) return undefined
      session.usedAt = clock().getTime()
      session.principal = principal
      open.delete(id)
      open.set(id, session)
      return session
    },
    sweep: () => {
      for (const [id, session] of open) if (idledOut(session)) drop(id)
    },
    count: () => open.size,
    close: async () => {
      await Promise.allSettled([...open.values()].map((session) => session.close()))
      open.clear()
    },
  }
}

interface Connecting {
  readonly clock: Clock
  readonly parts: SdkParts
  readonly opened: (id: string, session: OpenSession) => void
  readonly closed: (id: string) => void
}

/** Creates a session with its own SDK server. It gets its id once it has answered `initialize`. */
async function connected(endpoint: Endpoint, principal: Principal, connecting: Connecting): Promise<OpenSession> {
  const { clock, parts, opened, closed } = connecting
  const server = sdkServer(endpoint, () => session.principal, false, parts)
  const transport = new NodeStreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (id) => opened(id, session),
    onsessionclosed: closed,
  })
  const session: OpenSession = {
    endpoint,
    owner: ownerOf(principal),
    principal,
    usedAt: clock().getTime(),
    inFlight: 0,
    close: () => server.close(),
    handle: async (req, res, body) => {
      session.inFlight += 1
      res.once('close', () => {
        session.inFlight -= 1
        session.usedAt = clock().getTime()
      })
      await transport.handleRequest(req, res, body)
    },
  }
  await server.connect(transport)
  return session
}

function ownerOf(principal: Principal): string {
  return JSON.stringify([principal.tenantId, principal.actor.kind, principal.actor.id])
}
