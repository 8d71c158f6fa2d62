import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { Failure } from '#kernel/failure'
import { isForAnyPage } from './cors.ts'

/** Which names this server answers to, and which web pages may call it. */
export interface GuardSettings {
  /** Host names beside loopback and the public URL's, without ports. */
  readonly allowedHosts: readonly string[]
  /** Origins of web pages beside those of this server, such as `https://app.example.com`; `*` invites every page. */
  readonly corsOrigins: readonly string[]
  readonly publicUrl?: string | undefined
}

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']
const SEEN_MAX = 100

/**
 * Refuses requests that a web page made by pointing its own name at this server (DNS rebinding), and pages of origins
 * that were not invited. Programs send no `Origin` and pass. Addresses in `Host` pass too: rebinding needs a name, and
 * probes call a container by its address. Throws `Failure('forbidden')`.
 */
export function requestGuard(settings: GuardSettings): (req: IncomingMessage) => void {
  const { publicUrl } = settings
  const own = publicUrl === undefined ? [] : [new URL(publicUrl).hostname]
  const hosts = new Set([...LOOPBACK, ...own, ...settings.allowedHosts].map((host) => host.toLowerCase()))
  const origins = new Set(settings.corsOrigins.map((origin) => origin.toLowerCase()))
  const hostsSeen = new Set<string>()
  return (req) => {
    const { host, origin } = req.headers
    if (host === undefined || !hostsSeen.has(host)) {
      const name = hostName(host ?? '')
      if (!hosts.has(name) && isIP(name.replace(/^\[|\]$/g, '')) === 0) {
        throw new Failure('forbidden', 'The Host header is not one of this server.', { code: 'HOST_NOT_ALLOWED' })
      }
      // Bounded: only names that passed are remembered.
      if (host !== undefined && hostsSeen.size < SEEN_MAX) hostsSeen.add(host)
    }
    if (origin === undefined || origins.has('*') || origins.has(origin.toLowerCase())) return
    if (isForAnyPage(req.url ?? '')) return
    if (!URL.canParse(origin) || !hosts.has(new URL(origin).hostname.toLowerCase())) {
      throw new Failure('forbidden', 'The Origin may not call this server.', { code: 'ORIGIN_NOT_ALLOWED' })
    }
  }
}

function hostName(host: string): string {
  return host.toLowerCase().replace(/:\d+$/, '').replace(/\.$/, '')
}
