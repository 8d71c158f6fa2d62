import type { IncomingMessage } from 'node:http'
import proxyAddr from '@fastify/proxy-addr'

/** The caller's IP address: the socket's, or the `X-Forwarded-For` of a trusted proxy. */
export function clientAddress(trustedProxies: readonly string[]): (req: IncomingMessage) => string {
  if (trustedProxies.length === 0) return (req) => req.socket.remoteAddress ?? 'unknown'
  const trust = proxyAddr.compile([...trustedProxies])
  return (req) => proxyAddr(req, trust) ?? 'unknown'
}
