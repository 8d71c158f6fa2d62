import { LRUCache } from 'lru-cache'

/** How one SQL text is known: `label` to people, `name` to the server (absent: not prepared). */
export interface StatementIdentity {
  readonly label: string
  readonly name: string | undefined
}

/** The names of the SQL texts of one database. */
export interface StatementNames {
  identify(sql: string): StatementIdentity
  /** Texts that have a name by now: each connection prepares at most so many. */
  preparedCount(): number
}

const UNNAMED_MAX = 400
const LABEL = /^\/\* ([a-z][\w.-]*) \*\/|^\s*(\w+)/
const CONTROL = /^(begin|start|commit|rollback|savepoint|release|set|lock)/i

/**
 * Gives each SQL text the name under which connections prepare it. A declared statement, which begins with its label, is
 * always prepared; of other texts the first 400 are: one built anew for every call (an `in` list of another length, say)
 * must not fill the server's memory.
 */
export function statementNames(): StatementNames {
  const declared = new Map<string, StatementIdentity>()
  const others = new LRUCache<string, StatementIdentity>({ max: 4 * UNNAMED_MAX })
  let unnamed = 0
  const ofOther = (sql: string, verb: string | undefined): StatementIdentity => {
    const isPrepared = !CONTROL.test(sql) && unnamed < UNNAMED_MAX
    if (isPrepared) unnamed += 1
    const identity = { label: verb?.toLowerCase() ?? 'unknown', name: isPrepared ? `u${unnamed}` : undefined }
    others.set(sql, identity)
    return identity
  }
  return {
    identify(sql) {
      const found = declared.get(sql) ?? others.get(sql)
      if (found !== undefined) return found
      const [, label, verb] = LABEL.exec(sql) ?? []
      if (label === undefined) return ofOther(sql, verb)
      const identity = { label, name: `p${declared.size + 1}` }
      declared.set(sql, identity)
      return identity
    },
    preparedCount: () => declared.size + unnamed,
  }
}
