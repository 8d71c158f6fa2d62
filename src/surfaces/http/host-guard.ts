import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { Failure } from '#kernel/failure'
import { isForAnyPage } from './cors.ts'
import { PROBES } from './https-only.ts'

/** The allowed host names of this server and the allowed origins of web pages. */
export interface GuardSettings {
  /** Allowed host names beside loopback and that of the public URL, without ports. */
  readonly allowedHosts: readonly string[]
  /** Allowed origins beside this server's own, such as `https://app.example.com`; `*` allows every page. */
  readonly corsOrigins: readonly string[]
  readonly publicUrl?: string | undefined
}

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']
const SEEN_MAX = 100

/**
 * Refuses DNS rebinding (a foreign name in `Host`) and web pages of origins that are not allowed. Programs send no
 * `Origin` and pass. IP addresses in `Host` pass too: rebinding needs a name, and probes call a container by its
 * address. Throws `Failure('forbidden')`.
 */
export function requestGuard(settings: GuardSettings): (req: IncomingMessage) => void {
  const { publicUrl } = settings
  const own = publicUrl === undefined ? [] : [new URL(publicUrl).hostname]
  const hosts = new Set([...LOOPBACK, ...own, ...settings.allowedHosts].map((host) => host.toLowerCase()))
  const origins = new Set(settings.corsOrigins.map((origin) => origin.toLowerCase()))
  const hostsSeen = new Set<string>()
  return (req) => {
    const { host, origin } = req.headers
    // HAProxy's stock check asks in HTTP/1.0 without a Host.
    if (host === undefined && req.httpVersion === '1.0' && PROBES.test(req.url ?? '')) return
    if (host === undefined || !hostsSeen.has(host)) {
      const name = hostName(host ?? '')
      if (!hosts.has(name) && isIP(name.replace(/^\[|\]$/g, '')) === 0) {
        throw new Failure('forbidden', 'The Host header is not an allowed name of this server.', {
          code: 'HOST_NOT_ALLOWED',
        })
      }
      // Bounded, because only allowed names are remembered.
      if (host !== undefined && hostsSeen.size < SEEN_MAX) hostsSeen.add(host)
    }
    if (origin === undefined || origins.has('*') || origins.has(origin.toLowerCase())) return
    if (isForAnyPage(req.url ?? '')) return
    if (!URL.canParse(origin) || !hosts.has(new URL(origin).hostname.toLowerCase())) {
      throw new Failure('forbidden', 'This Origin is not allowed to call this server.', { code: 'ORIGIN_NOT_ALLOWED' })
    }
  }
}

function hostName(host: string): string {
  return host.toLowerCase().replace(/:\d+$/, '').replace(/\.$/, '')
}
