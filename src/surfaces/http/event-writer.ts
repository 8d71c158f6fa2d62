import { once } from 'node:events'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { within } from '#kernel/calls/deadline'
import type { ServerSentEvent, StreamRoute } from '#kernel/calls/stream-route'
import { Failure } from '#kernel/failure'
import { announceSuccessor } from './versions.ts'

/** A writer of server-sent events to one caller, with backpressure. */
export interface EventWriter {
  /** Whether the headers were sent. From then on a failure is sent as an event. */
  readonly isOpen: boolean
  /** Sends the headers. */
  open(): void
  /** Resolves when the socket has room for more. Cuts the connection and rejects when the caller reads nothing for too long. */
  send(event: ServerSentEvent): Promise<void>
  /** Ends the stream, after a last event if one is given. */
  end(last?: ServerSentEvent): void
}

export interface EventWriterOptions extends Pick<StreamRoute, 'heartbeatSeconds' | 'opensAfterSeconds'> {
  readonly controller: AbortController
  readonly readerSeconds: number
  /** Called when the headers are sent. */
  readonly opened: () => void
}

const HEARTBEAT_SECONDS = 10
const HEARTBEAT = ': keep-alive\n\n'

export function eventWriter(request: FastifyRequest, reply: FastifyReply, options: EventWriterOptions): EventWriter {
  const { controller, readerSeconds, heartbeatSeconds = HEARTBEAT_SECONDS, opensAfterSeconds } = options
  const { raw } = reply
  let isOpen = false
  let isStalled = false
  const open = (): void => {
    if (isOpen) return
    isOpen = true
    announceSuccessor(request, reply)
    reply.hijack()
    raw.writeHead(200, { ...headersOf(reply), ...HEADERS })
    options.opened()
  }
  const heartbeat = setInterval(() => {
    if (isOpen && raw.writable && !raw.writableNeedDrain) raw.write(HEARTBEAT)
  }, heartbeatSeconds * 1000)
  const opening = setTimeout(
    () => {
      if (isOpen || raw.destroyed) return
      open()
      raw.write(HEARTBEAT)
    },
    (opensAfterSeconds ?? 0) * 1000,
  )
  if (opensAfterSeconds === undefined) clearTimeout(opening)
  const stop = (): void => {
    clearTimeout(opening)
    clearInterval(heartbeat)
  }
  raw.once('close', stop)
  const stalled = (): Failure => {
    isStalled = true
    return new Failure('cancelled', `The caller read nothing for ${readerSeconds} seconds.`)
  }
  return {
    get isOpen() {
      return isOpen
    },
    open,
    async send(event) {
      heartbeat.refresh()
      if (raw.write(frame(event))) return
      await within(controller, readerSeconds, stalled, () => once(raw, 'drain', { signal: controller.signal }))
    },
    end(last) {
      stop()
      if (!isOpen || raw.destroyed) return
      if (isStalled) return void raw.destroy()
      raw.end(last === undefined ? undefined : frame(last))
      const cut = setTimeout(() => raw.destroy(), readerSeconds * 1000)
      raw.once('close', () => clearTimeout(cut))
    },
  }
}

const HEADERS = {
  'Content-Type': 'text/event-stream',
  // A proxy that compresses or buffers would delay events.
  'Cache-Control': 'no-store, no-transform',
  'X-Accel-Buffering': 'no',
}

function headersOf(reply: FastifyReply): Record<string, number | string | string[]> {
  return Object.fromEntries(
    Object.entries(reply.getHeaders()).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}

/** Serializes an event (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
function frame({ event, data, id }: ServerSentEvent): string {
  const lines = /[\r\n]/.test(data) ? data.split(/\r\n|\r|\n/) : [data]
  const fields = [...field('event', event), ...field('id', id), ...lines.map((line) => `data: ${line}\n`)]
  return `${fields.join('')}\n`
}

function field(name: string, value: string | undefined): string[] {
  if (value === undefined) return []
  if (/[\r\n\0]/.test(value)) throw new Error(`the ${name} of a server-sent event has more than one line`)
  return [`${name}: ${value}\n`]
}
