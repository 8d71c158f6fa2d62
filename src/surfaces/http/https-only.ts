import type { IncomingMessage } from 'node:http'
import { TLSSocket } from 'node:tls'
import proxyAddr from '@fastify/proxy-addr'
import { Failure } from '#kernel/failure'

export interface HttpsSettings {
  readonly httpsOnly: boolean
  /** Addresses of proxies whose `X-Forwarded-Proto` is trusted. */
  readonly trustedProxies: readonly string[]
  readonly publicUrl?: string | undefined
}

/** Paths that orchestrators and scrapers read inside the network, by address and without TLS. They reveal no secret. */
export const PROBES = /^\/(health|ready|metrics)\/?(\?|$)/

/** Paths that programs call: those get an error instead of a redirect, so that their configuration is corrected. */
const PROGRAMS = /^\/(mcp|api|v1|auth\/oauth2)([/?]|$)/

/**
 * Enforces HTTPS. Returns the https URL to redirect to for a page that is only read, undefined for a request over
 * HTTPS, and throws `Failure('forbidden')` for every other request over HTTP: a redirect would hide from a program that
 * it sent its key in cleartext, and it would do so again.
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
  // Each proxy of a chain appends its value: the last one is from the proxy we trust.
  const told = headers['x-forwarded-proto']
  return typeof told === 'string' && told.split(',').at(-1)?.trim().toLowerCase() === 'https'
}
