import type { WebSocket } from 'ws'

/** A queue of received messages that the route has not read yet. */
export interface SocketInbox {
  /** The next message; undefined once there will be no more. */
  next(): Promise<string | undefined>
  /** Accepts no more messages. */
  end(): void
}

/** The maximum number of waiting messages; the connection of a caller who sends more is closed. */
const WAITING_MAX = 32

const CLOSE = { unsupportedData: 1003, policyViolation: 1008 }

/** Starts collecting. A full queue does not pause the socket, because pongs and the close arrive on it too. */
export function socketInbox(ws: WebSocket): SocketInbox {
  const waiting: string[] = []
  let isOver = false
  let wake = (): void => undefined
  const end = (): void => {
    isOver = true
    wake()
  }
  ws.once('close', end)
  ws.on('message', (data, isBinary) => {
    if (isOver) return
    if (isBinary || !Buffer.isBuffer(data)) return ws.close(CLOSE.unsupportedData, 'TEXT_ONLY')
    if (waiting.length >= WAITING_MAX) return ws.close(CLOSE.policyViolation, 'TOO_MANY_MESSAGES')
    waiting.push(data.toString('utf8'))
    wake()
  })
  return {
    end,
    async next() {
      if (waiting.length === 0 && !isOver) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      return waiting.shift()
    },
  }
}
