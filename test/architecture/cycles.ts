/** A directed graph by name: files and the files they import. */
export type Graph = ReadonlyMap<string, readonly string[]>

/** The strongly connected components with more than one name, by Tarjan's algorithm. */
export function cyclesOf(graph: Graph): string[][] {
  const order = new Map<string, number>()
  const open: string[] = []
  const cycles: string[][] = []

  const visit = (name: string): number => {
    let low = order.size
    order.set(name, low)
    open.push(name)
    for (const next of graph.get(name) ?? []) {
      if (!graph.has(next)) continue
      if (!order.has(next)) low = Math.min(low, visit(next))
      else if (open.includes(next)) low = Math.min(low, order.get(next) ?? low)
    }
    if (low === order.get(name)) {
      const part = open.splice(open.indexOf(name))
      if (part.length > 1) cycles.push(part)
    }
    return low
  }
  for (const name of graph.keys()) if (!order.has(name)) visit(name)
  return cycles
}

/** The shortest cycle through a name, which is its first and last element; undefined when there is none. */
export function cycleThrough(graph: Graph, start: string): string[] | undefined {
  const cameFrom = new Map<string, string>()
  const queue = [start]
  for (const name of queue) {
    for (const next of graph.get(name) ?? []) {
      if (next === start) return [...pathTo(name, cameFrom), start]
      if (cameFrom.has(next)) continue
      cameFrom.set(next, name)
      queue.push(next)
    }
  }
  return undefined
}

function pathTo(name: string, cameFrom: ReadonlyMap<string, string>): string[] {
  const before = cameFrom.get(name)
  return before === undefined ? [name] : [...pathTo(before, cameFrom), name]
}
