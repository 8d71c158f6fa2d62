import { ServerResponse } from 'node:http'
import type { IncomingMessage, RequestListener, Server } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

/** The connection of a request that asked for a WebSocket, and what was sent behind the request. */
export interface Upgrade {
  readonly socket: Duplex
  readonly head: Buffer
}

/** Requests that ask for a WebSocket, to be answered like any other until one is upgraded. */
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
        // Node takes its own listener away with the parser: an error of the connection must not end the process.
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
