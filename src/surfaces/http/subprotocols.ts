import type { IncomingMessage } from 'node:http'
import { Failure } from '#kernel/failure'

const HEADER = 'sec-websocket-protocol'

/**
 * Reads `Sec-WebSocket-Protocol: <protocol>, bearer, <token>`, the one way in which a page can send a token with a
 * WebSocket. The token becomes the `Authorization` header and is taken out, so that the answer repeats the protocol alone.
 */
export function takeSubprotocols({ headers }: IncomingMessage, protocol: string): void {
  const given = headers[HEADER]
  if (given === undefined) return
  const names = given.split(',').map((name) => name.trim())
  const at = names.indexOf('bearer')
  if (at >= 0) {
    if (headers.authorization !== undefined) throw wrong('There are two credentials; send one.', protocol)
    const [, token = ''] = names.splice(at, 2)
    headers.authorization = `Bearer ${token}`
  }
  headers[HEADER] = protocol
  if (!names.includes(protocol)) throw wrong(`This path speaks ${protocol}, which the request does not name.`, protocol)
}

function wrong(message: string, protocol: string): Failure {
  return new Failure('invalid', message, {
    code: 'BAD_SUBPROTOCOL',
    problems: [
      {
        path: `headers.${HEADER}`,
        expected: `${protocol}, and the token behind the name "bearer" unless Authorization has it`,
        example: `${protocol}, bearer, plim_…`,
      },
    ],
  })
}
