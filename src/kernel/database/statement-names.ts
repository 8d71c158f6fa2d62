import { LRUCache } from 'lru-cache'

/** The names of an SQL text: `label` in logs and metrics, `name` of the prepared statement (absent: not prepared). */
export interface StatementIdentity {
  readonly label: string
  readonly name: string | undefined
}

/** Names the SQL texts of one database. */
export interface StatementNames {
  identify(sql: string): StatementIdentity
  /** The number of prepared-statement names so far, an upper bound per connection. */
  preparedCount(): number
}

const UNNAMED_MAX = 400
const LABEL = /^\/\* ([a-z][\w.-]*) \*\/|^\s*(\w+)/
const CONTROL = /^(begin|start|commit|rollback|savepoint|release|set|lock)/i

/**
 * Assigns prepared-statement names. A declared statement, which begins with its label, is always prepared; of other
 * texts only the first 400, so that texts built per call (an `in` list of varying length) do not fill the server's
 * memory.
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
