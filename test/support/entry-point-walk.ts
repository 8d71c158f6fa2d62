import type { EntryPoint } from '#kernel/entry-points'

/** The answer of an entry point. */
export interface Answer {
  readonly status: number
  readonly body: string
}

/** A request to an entry point. Jobs have none. */
export interface EntryRequest {
  readonly method: string
  readonly path: string
  readonly body?: unknown
}

/** One request for each method of the entry point, with this id where the path or body needs one. */
export function requestsFor({ kind, name, http }: EntryPoint, id: string): readonly EntryRequest[] {
  if (kind === 'tool') return [toolCall(name)]
  if (http === undefined) return []
  const path = http.path.replace(/:\w+/g, id).replace('*', 'nothing-here')
  return http.methods.map((method) => ({ method, path, ...(method !== 'GET' && method !== 'DELETE' && { body: {} }) }))
}

const message = (method: string, params: unknown) => ({ jsonrpc: '2.0', id: 1, method, params })

export const toolCall = (name: string, args: unknown = {}): EntryRequest => ({
  method: 'POST',
  path: '/mcp',
  body: message('tools/call', { name, arguments: args }),
})

export const toolList = (path: string): EntryRequest => ({ method: 'POST', path, body: message('tools/list', {}) })

/** Sends the request, with or without a credential. Redirects are not followed. */
export async function request(
  url: string,
  { method, path, body }: EntryRequest,
  authorization?: string,
): Promise<Answer> {
  const answer = await fetch(`${url}${path}`, {
    method,
    redirect: 'manual',
    headers: {
      ...(authorization !== undefined && { Authorization: authorization }),
      Accept: 'application/json, text/event-stream, text/html',
      ...(body !== undefined && { 'Content-Type': 'application/json' }),
      ...(path.startsWith('/mcp') && method === 'POST' && { 'MCP-Protocol-Version': '2025-11-25' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  return { status: answer.status, body: await answer.text() }
}

/** Processes a list with limited concurrency. */
export async function each<T>(list: readonly T[], work: (one: T) => Promise<void>, atOnce = 16): Promise<void> {
  const waiting = [...list]
  const worker = async () => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) await work(one)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

/** A table of counts by row and column. */
export function tally() {
  const cells = new Map<string, Map<string, Map<string, number>>>()
  return {
    add(row: string, column: string, what: string): void {
      const columns = cells.get(row) ?? new Map<string, Map<string, number>>()
      const counts = columns.get(column) ?? new Map<string, number>()
      counts.set(what, (counts.get(what) ?? 0) + 1)
      cells.set(row, columns.set(column, counts))
    },
    total: (what: string): number =>
      [...cells.values()]
        .flatMap((columns) => [...columns.values()])
        .reduce((sum, counts) => sum + (counts.get(what) ?? 0), 0),
    text(): string {
      const columns = [...new Set([...cells.values()].flatMap((row) => [...row.keys()]))]
      const shown = (counts: ReadonlyMap<string, number> | undefined) =>
        counts === undefined ? '-' : [...counts].map(([what, count]) => `${count}×${what}`).join(' ')
      const lines = [
        ['', ...columns],
        ...[...cells].map(([row, own]) => [row, ...columns.map((column) => shown(own.get(column)))]),
      ]
      const widths = lines[0]?.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0))) ?? []
      return lines
        .map((line) =>
          line
            .map((cell, at) => cell.padEnd(widths[at] ?? 0))
            .join('  ')
            .trimEnd(),
        )
        .join('\n')
    },
  }
}
