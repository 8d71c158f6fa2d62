import { request } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import { text } from 'node:stream/consumers'

/** A page as a person sees it, with its path after redirects. */
export interface Seen {
  readonly status: number
  readonly path: string
  readonly text: string
  readonly headers: Headers
}

/** A browser without scripts: it keeps cookies, follows redirects within the site, and submits the forms of pages. */
export interface Visitor {
  readonly cookies: Map<string, string>
  /** Every `Set-Cookie` line received. */
  readonly cookieLines: string[]
  open(path: string): Promise<Seen>
  /** Fills in and submits the form of the last page that posts to this path. */
  send(
    path: string,
    fields: Readonly<Record<string, string>>,
    headers?: Readonly<Record<string, string>>,
  ): Promise<Seen>
}

const REDIRECTS_MAX = 5

interface Sent {
  readonly method: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** Headers of a page load in a browser; those of `fetch` would name a script. */
function navigate(url: URL, { method, headers = {}, body }: Sent): Promise<Response> {
  const told = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', ...headers }
  return new Promise((resolve, reject) => {
    const req = request(url, { method, headers: told, agent: false }, (res) => {
      text(res).then((page) => {
        const status = res.statusCode ?? 0
        const hasBody = status !== 204 && status !== 304
        resolve(new Response(hasBody ? page : null, { status, headers: headersOf(res.headers) }))
      }, reject)
    })
    req.on('error', reject).end(body)
  })
}

function headersOf(received: IncomingHttpHeaders): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(received)) {
    for (const one of [value ?? []].flat()) headers.append(name, one)
  }
  return headers
}

export function visitor(url: string): Visitor {
  const cookies = new Map<string, string>()
  const cookieLines: string[] = []
  let shown = ''
  const ask = async (path: string, sent: Sent): Promise<Response> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await navigate(new URL(path, url), { ...sent, headers: { ...sent.headers, cookie } })
    for (const line of response.headers.getSetCookie()) {
      cookieLines.push(line)
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (value === '' || /max-age=0/i.test(line)) cookies.delete(name)
      else cookies.set(name, value)
    }
    return response
  }
  const follow = async (path: string, first: Response): Promise<Seen> => {
    let [at, response] = [path, first]
    for (let hops = 0; hops < REDIRECTS_MAX && response.headers.has('location'); hops += 1) {
      const next = new URL(response.headers.get('location') ?? '', new URL(at, url))
      at = next.origin === new URL(url).origin ? `${next.pathname}${next.search}` : next.href
      if (at === next.href) break
      response = await ask(at, { method: 'GET' })
    }
    shown = await response.text()
    return { status: response.status, path: at, text: shown, headers: response.headers }
  }
  return {
    cookies,
    cookieLines,
    open: async (path) => follow(path, await ask(path, { method: 'GET' })),
    async send(path, fields, headers = {}) {
      const form = formOf(shown, path)
      const body = new URLSearchParams({ ...form.hidden, ...fields }).toString()
      const type = { 'content-type': 'application/x-www-form-urlencoded', origin: new URL(url).origin }
      return follow(form.action, await ask(form.action, { method: 'POST', body, headers: { ...type, ...headers } }))
    },
  }
}

function formOf(page: string, path: string) {
  for (const [text, action = ''] of page.matchAll(/<form method="post" action="([^"]+)">.*?<\/form>/gs)) {
    const address = unescaped(action)
    if (address !== path && address.split('?', 1)[0] !== path) continue
    const inputs = text.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g)
    return {
      action: address,
      hidden: Object.fromEntries([...inputs].map(([, name, value]) => [name, unescaped(value ?? '')])),
    }
  }
  throw new Error(`The page has no form for ${path}:\n${page}`)
}

function unescaped(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|#39);/g, (entity) => ENTITIES[entity] ?? entity)
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
}
