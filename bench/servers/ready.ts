import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Listens on a free loopback port, sends the URL to the parent process, and exits when the parent disconnects. */
export function listen(server: Server): void {
  server.listen(0, '127.0.0.1', () => {
    // safe because: a server that listens on a TCP port has an AddressInfo.
    const { port } = server.address() as AddressInfo
    process.send?.({ url: `http://127.0.0.1:${port}` })
  })
  process.once('disconnect', () => process.exit(0))
}
