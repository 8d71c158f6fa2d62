import type { IncomingMessage } from 'node:http'
import { Failure } from '#kernel/failure'

const HEADER = 'sec-websocket-protocol'

/**
 * Moves the token of `Sec-WebSocket-Protocol: <protocol>, bearer, <token>` to the `Authorization` header: browsers can
 * send a token with a WebSocket in no other way. The answer then repeats only the protocol.
 */
export function takeSubprotocols({ headers }: IncomingMessage, protocol: string): void {
  const given = headers[HEADER]
  if (given === undefined) return
  const names = given.split(',').map((name) => name.trim())
  const at = names.indexOf('bearer')
  if (at >= 0) {
    if (headers.authorization !== undefined) throw wrong('The request has two credentials. Send one.', protocol)
    const [, token = ''] = names.splice(at, 2)
    headers.authorization = `Bearer ${token}`
  }
  headers[HEADER] = protocol
  if (!names.includes(protocol))
    throw wrong(`This path needs the subprotocol ${protocol}, which the request does not offer.`, protocol)
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
