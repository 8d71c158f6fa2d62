import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'

/** A TCP proxy to a database that can simulate network failures. `url` leads through it. */
export interface UnsteadyNetwork {
  readonly url: string
  /** Drops all traffic silently from now on. */
  swallow(): void
  /** Cuts the connection on which the client sends this text, before the database receives it. */
  cutAt(text: string): void
  /** Lets new connections through again. */
  heal(): void
  close(): Promise<void>
}

export async function unsteadyNetwork(databaseUrl: string): Promise<UnsteadyNetwork> {
  let isSwallowing = false
  let cutText: string | undefined
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connectTo(databaseUrl)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => undefined).on('close', () => (near.destroy(), far.destroy(), sockets.delete(socket)))
    }
    near.on('data', (bytes) => {
      if (cutText !== undefined && bytes.includes(cutText)) near.destroy()
      else if (!isSwallowing) far.write(bytes)
    })
    near.on('end', () => isSwallowing || far.end())
    far.on('data', (bytes) => isSwallowing || near.write(bytes))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(databaseUrl)
  const address = server.address()
  url.host = `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
  url.search = ''
  return {
    url: url.href,
    swallow: () => (isSwallowing = true),
    cutAt: (text) => (cutText = text),
    heal: () => {
      isSwallowing = false
      cutText = undefined
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

function connectTo(databaseUrl: string): Socket {
  const { hostname, port, searchParams } = new URL(databaseUrl)
  const folder = searchParams.get('host')
  return folder === null ? connect(Number(port), hostname) : connect(`${folder}/.s.PGSQL.${port}`)
}
