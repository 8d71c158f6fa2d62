import type { WebSocket } from 'ws'
import { Failure } from '#kernel/failure'

/** The watch on an open WebSocket: it ends when the caller disconnects, on idle timeout, and on shutdown. */
export interface SocketLife {
  /** Aborted when the connection ends, with the reason. */
  readonly controller: AbortController
  /** Whether the caller disconnected or was cut. */
  readonly isGone: () => boolean
  /** Restarts the idle timeout. */
  touch(): void
  /** Stops watching. */
  over(): void
}

export interface SocketLifeOptions {
  readonly idleSeconds: number
  readonly pingSeconds: number
  /** Called with every ping. */
  readonly pinged: () => void
  /** Aborted when a shutdown stops waiting. */
  readonly stopped: AbortSignal
}

export function socketLife(ws: WebSocket, options: SocketLifeOptions): SocketLife {
  const { idleSeconds, stopped } = options
  const controller = new AbortController()
  let isGone = false
  ws.once('close', () => {
    isGone = true
    controller.abort(new Failure('cancelled', 'The caller disconnected.'))
  })
  // A protocol violation closes the connection with its WebSocket close code.
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

/** Cuts a connection that has not answered a ping before the next one. */
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
  return new Failure('timeout', `No message was sent or received for ${seconds} seconds.`, { code: 'IDLE' })
}
