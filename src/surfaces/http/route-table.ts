/** The table of mounted paths and their methods: for the `Allow` of a 405, and for the check of entry points. */
export function routeTable() {
  const entries: { readonly pattern: RegExp; readonly methods: Set<string> }[] = []
  const byPath = new Map<string, Set<string>>()
  return {
    add(path: string, methods: readonly string[]): void {
      let known = byPath.get(path)
      if (known === undefined) {
        known = new Set()
        byPath.set(path, known)
        entries.push({ pattern: patternOf(path), methods: known })
      }
      for (const method of methods) known.add(method)
    },
    mounted(): readonly (readonly [method: string, path: string])[] {
      return [...byPath].flatMap(([path, methods]) => [...methods].map((method) => [method, path] as const))
    },
    methodsOf(url: string): readonly string[] {
      const [path = ''] = url.split('?', 1)
      return [
        ...new Set(entries.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => [...methods])),
      ].sort()
    },
  }
}

function patternOf(path: string): RegExp {
  const parts = path
    .split('/')
    .map((part) => (part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
  return new RegExp(`^${parts.join('/')}/?$`)
}
