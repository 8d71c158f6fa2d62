import type { ServerResponse } from 'node:http'

/** A response that may turn into a stream of events once there is something to tell before the result. */
export interface EventStream {
  /** Whether the response has become a stream; its result must then be an event too. */
  readonly open: boolean
  send(messageJson: string): void
  end(messageJson: string): void
  /** Opens the stream by itself once the interval has passed without a result, so that no proxy cuts a long call off. */
  keepAlive(): void
}

export const KEEP_ALIVE_MILLISECONDS = 15_000

/** `allowed` is whether the caller can read a stream: where it cannot, what would be told is dropped. */
export function eventStream(res: ServerResponse, headers: readonly string[], allowed: boolean): EventStream {
  let open = false
  let timer: NodeJS.Timeout | undefined
  const start = (): void => {
    if (open || res.headersSent) return
    open = true
    res.writeHead(200, [
      ...headers,
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
    send,
    end: (messageJson) => {
      clearInterval(timer)
      send(messageJson)
      res.end()
    },
    keepAlive: () => {
      if (allowed) beat()
    },
  }
}
