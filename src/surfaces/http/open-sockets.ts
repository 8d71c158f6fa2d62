/** One open WebSocket. */
interface OpenSocket {
  /** Accepts no more messages; the connection closes once those received are answered. */
  finish(): void
  cut(): void
}

/** The registry of open WebSockets, which the HTTP server no longer tracks. */
export interface OpenSockets {
  readonly count: () => number
  readonly isClosing: () => boolean
  /** Returns a function that removes it. */
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
