import type { ServerResponse } from 'node:http'
import { requestIdOf } from '../http/request-id.ts'
import type { Notices } from './exchange.ts'
import { BASE_HEADERS } from './send.ts'

/** A response that becomes an event stream when a notification is sent before the result. */
export interface EventStream extends Notices {
  /** Whether the response has become a stream; the result must then be sent as an event. */
  readonly open: boolean
  /** Ends the stream with the result, given as JSON text. */
  end(messageJson: string): void
}

export const KEEP_ALIVE_MILLISECONDS = 15_000

/** `allowed`: whether the caller accepts event streams; if not, notifications are dropped. */
export function eventStream(res: ServerResponse, allowed: boolean): EventStream {
  let open = false
  let timer: NodeJS.Timeout | undefined
  const start = (): void => {
    if (open || res.headersSent) return
    open = true
    res.writeHead(200, [
      ...BASE_HEADERS,
      'X-Request-ID',
      requestIdOf(res.req),
      'Content-Type',
      'text/event-stream',
      'Cache-Control',
      'no-cache, no-transform',
      'X-Accel-Buffering',
      'no',
    ])
    beat()
  }
  const beat = (): void => {
    if (timer !== undefined) return
    timer = setInterval(() => {
      start()
      if (open && res.writable) res.write(': keep-alive\n\n')
    }, KEEP_ALIVE_MILLISECONDS).unref()
    res.once('close', () => clearInterval(timer))
  }
  const send = (messageJson: string): void => {
    if (!allowed) return
    start()
    if (open && res.writable) res.write(`event: message\ndata: ${messageJson}\n\n`)
  }
  return {
    get open() {
      return open
    },
    progress: (params) => send(notification('progress', params)),
    log: (level, message) => send(notification('message', { level, data: message })),
    end: (messageJson) => {
      clearInterval(timer)
      send(messageJson)
      res.end()
    },
    // The stream opens by itself after one interval, so that no proxy cuts off a long call.
    keepAlive: () => {
      if (allowed) beat()
    },
  }
}

function notification(name: 'progress' | 'message', params: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ jsonrpc: '2.0', method: `notifications/${name}`, params })
}
