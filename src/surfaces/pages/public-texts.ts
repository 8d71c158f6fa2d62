import type { Clock } from '#kernel/clock'
import type { WebMount } from '#kernel/calls/route'

export interface PublicTextOptions {
  /** Where to report a vulnerability: `mailto:security@example.com`. */
  readonly securityContact?: string | undefined
  readonly publicUrl: () => string
  readonly clock: Clock
}

/** `/robots.txt`, and `/.well-known/security.txt` when a security contact is set. */
export function publicTexts({ securityContact, publicUrl, clock }: PublicTextOptions): WebMount[] {
  const robots = text('/robots.txt', 'Search engines read it.', () => 'User-agent: *\nDisallow: /\n')
  if (securityContact === undefined) return [robots]
  const security = text('/.well-known/security.txt', 'Security researchers read it.', () =>
    securityText(securityContact, publicUrl(), clock()),
  )
  return [robots, security]
}

const VALID_DAYS = 180

/** The file of RFC 9116. `Expires` must lie less than a year ahead, so that the contact of an abandoned server lapses. */
function securityText(contact: string, publicUrl: string, now: Date): string {
  const expires = new Date(now.getTime() + VALID_DAYS * 86_400_000)
  expires.setUTCHours(0, 0, 0, 0)
  return [
    `Contact: ${contact}`,
    `Expires: ${expires.toISOString()}`,
    'Preferred-Languages: en',
    `Canonical: ${publicUrl}/.well-known/security.txt`,
    '',
  ].join('\n')
}

function text(path: string, reason: string, write: () => string): WebMount {
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'public, max-age=86400' }
  return {
    name: path.slice(1),
    methods: ['GET'],
    path,
    public: reason,
    limit: 'lenient',
    answer: async () => new Response(write(), { headers }),
  }
}
