import type { IncomingMessage } from 'node:http'
import { TLSSocket } from 'node:tls'
import proxyAddr from '@fastify/proxy-addr'
import { Failure } from '#kernel/failure'

export interface HttpsSettings {
  readonly httpsOnly: boolean
  /** Whose `X-Forwarded-Proto` is believed. */
  readonly trustedProxies: readonly string[]
  readonly publicUrl?: string | undefined
}

/** Asked by orchestrators and scrapers inside the network, by address and without TLS; they tell nothing secret. */
const PROBES = /^\/(health|ready|metrics)\/?(\?|$)/

/** For programs: they are to be set right, not sent on. */
const PROGRAMS = /^\/(mcp|api|v1|auth\/oauth2)([/?]|$)/

/**
 * Serves callers by HTTPS alone. Answers where to go instead, for a page that is only looked at; undefined when all is
 * well. Throws `Failure('forbidden')` for everything else: a redirect would hide from a program that its key just went
 * over the wire in clear, and lead it to do so again.
 */
export function httpsOnly(settings: HttpsSettings): ((req: IncomingMessage) => string | undefined) | undefined {
  if (!settings.httpsOnly) return undefined
  const trust = proxyAddr.compile([...settings.trustedProxies])
  const host = settings.publicUrl === undefined ? undefined : new URL(settings.publicUrl).host
  return (req) => {
    const { url = '/', method, headers } = req
    if (isSecure(req, trust) || PROBES.test(url)) return undefined
    const isLook = (method === 'GET' || method === 'HEAD') && headers.authorization === undefined
    if (isLook && !PROGRAMS.test(url)) return `https://${host ?? (headers.host ?? '').replace(/:\d+$/, '')}${url}`
    throw new Failure(
      'forbidden',
      'This server is to be called by https. Consider what was just sent as seen by others.',
      {
        code: 'HTTPS_REQUIRED',
      },
    )
  }
}

function isSecure({ socket, headers }: IncomingMessage, trust: (address: string, hops: number) => boolean): boolean {
  if (socket instanceof TLSSocket) return true
  if (!trust(socket.remoteAddress ?? '', 0)) return false
  // A chain of proxies appends: the last word is that of the proxy we trust.
  const told = headers['x-forwarded-proto']
  return typeof told === 'string' && told.split(',').at(-1)?.trim().toLowerCase() === 'https'
}
