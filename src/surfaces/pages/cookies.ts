/** The cookies of one page request: those the browser sent, and those set since. */
export interface CookieJar {
  get(name: string): string | undefined
  names(): readonly string[]
  /** All cookies as the value of a `Cookie` header. */
  header(): string
  /** Applies a `Set-Cookie` line. */
  take(line: string): void
  /** The `Set-Cookie` lines to send to the browser. */
  readonly lines: readonly string[]
}

export function cookieJar(header: string | null): CookieJar {
  const cookies = new Map<string, string>()
  for (const pair of (header ?? '').split(';')) {
    const at = pair.indexOf('=')
    if (at > 0) cookies.set(pair.slice(0, at).trim(), pair.slice(at + 1).trim())
  }
  const lines: string[] = []
  return {
    lines,
    get: (name) => cookies.get(name),
    names: () => [...cookies.keys()],
    header: () => [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
    take(line) {
      lines.push(line)
      const [pair = ''] = line.split(';', 1)
      const at = pair.indexOf('=')
      const [name, value] = [pair.slice(0, at).trim(), pair.slice(at + 1).trim()]
      if (value === '' || /;\s*max-age=0(;|$)/i.test(line)) cookies.delete(name)
      else cookies.set(name, value)
    },
  }
}
