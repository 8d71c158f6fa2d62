import type { WebSocket } from 'ws'

/** The messages of a caller that were not read yet. */
export interface SocketInbox {
  /** The next one; undefined when there will be none any more. */
  next(): Promise<string | undefined>
  /** Takes no more. */
  end(): void
}

/** Messages that may wait; whoever sends more without reading is closed off. */
const WAITING_MAX = 32

const CLOSE = { unsupportedData: 1003, policyViolation: 1008 }

/** Collects from now on. Not paused while it is full: pongs and the end of the connection come the same way. */
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
