import { ServerResponse } from 'node:http'
import type { IncomingMessage, RequestListener, Server } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** The socket of a WebSocket upgrade request, and the bytes received after the request. */
export interface Upgrade {
  readonly socket: Duplex
  readonly head: Buffer
}

/** The WebSocket upgrade requests. Each is handled like an ordinary request until it is upgraded. */
export interface Upgrades {
  readonly wanted: (req: IncomingMessage) => boolean
  readonly answerWith: (server: Server, answer: RequestListener) => void
  readonly of: (req: IncomingMessage) => Upgrade | undefined
}

export function upgrades(): Upgrades {
  const asked = new WeakMap<IncomingMessage, Upgrade>()
  return {
    wanted: ({ method, headers }) => method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket',
    answerWith(server, answer) {
      server.on('upgrade', (req, socket, head) => {
        // Node removes its error listener together with its parser; an unhandled error would end the process.
        socket.on('error', () => socket.destroy())
        if (!(socket instanceof Socket)) return void socket.destroy()
        const res = new ServerResponse(req)
        res.shouldKeepAlive = false
        res.assignSocket(socket)
        res.once('finish', () => socket.destroySoon())
        asked.set(req, { socket, head })
        answer(req, res)
      })
    },
    of: (req) => asked.get(req),
  }
}
