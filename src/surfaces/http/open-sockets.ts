/** One open WebSocket. */
interface OpenSocket {
  /** Takes no more messages, so that it ends when those that came are answered. */
  finish(): void
  cut(): void
}

/** The WebSockets that are open: the HTTP server does not know them any more. */
export interface OpenSockets {
  readonly count: () => number
  readonly isClosing: () => boolean
  /** Returns what takes it out again. */
  add(socket: OpenSocket): () => void
  finish(): void
  cut(): void
}

export function openSockets(): OpenSockets {
  const open = new Set<OpenSocket>()
  let isClosing = false
  return {
    count: () => open.size,
    isClosing: () => isClosing,
    add(socket) {
      open.add(socket)
      return () => void open.delete(socket)
    },
    finish() {
      isClosing = true
      for (const socket of open) socket.finish()
    },
    cut() {
      for (const socket of open) socket.cut()
    },
  }
}
