import type { WebSocket } from 'ws'
import { Failure } from '#kernel/failure'

/** What may end an open connection before its work does: its caller, silence, and a stop of the process. */
export interface SocketLife {
  /** Aborted at the end, with what ended it. */
  readonly controller: AbortController
  /** Whether the other end left, or was cut. */
  readonly isGone: () => boolean
  /** Something was said: the silence starts anew. */
  touch(): void
  /** Stops watching. */
  over(): void
}

export interface SocketLifeOptions {
  readonly idleSeconds: number
  readonly pingSeconds: number
  /** Told with every ping. */
  readonly pinged: () => void
  /** Aborted when a stop no longer waits. */
  readonly stopped: AbortSignal
}

export function socketLife(ws: WebSocket, options: SocketLifeOptions): SocketLife {
  const { idleSeconds, stopped } = options
  const controller = new AbortController()
  let isGone = false
  ws.once('close', () => {
    isGone = true
    controller.abort(new Failure('cancelled', 'The caller left.'))
  })
  // A frame against the protocol closes the connection, with the code that says so.
  ws.on('error', () => undefined)
  const onStop = () => controller.abort(new Failure('unavailable', 'The server is stopping. Connect again.'))
  stopped.addEventListener('abort', onStop, { once: true })
  const idle = setTimeout(() => controller.abort(silent(idleSeconds)), idleSeconds * 1000)
  const stopPings = keepAlive(ws, options)
  return {
    controller,
    isGone: () => isGone,
    touch: () => void idle.refresh(),
    over() {
      clearTimeout(idle)
      stopPings()
      stopped.removeEventListener('abort', onStop)
    },
  }
}

/** Cuts a connection whose other end does not answer a ping before the next. */
function keepAlive(ws: WebSocket, { pingSeconds, pinged }: SocketLifeOptions): () => void {
  let isAlive = true
  ws.on('pong', () => {
    isAlive = true
  })
  const timer = setInterval(() => {
    if (!isAlive) return ws.terminate()
    isAlive = false
    ws.ping()
    pinged()
  }, pingSeconds * 1000)
  return () => clearInterval(timer)
}

function silent(seconds: number): Failure {
  return new Failure('timeout', `Nobody said anything for ${seconds} seconds.`, { code: 'IDLE' })
}
