import type { PoolClient, QueryConfig } from 'pg'

/** The current tenant and timeout of a pooled connection, so that they are set only when they change. */
interface Session {
  tenantId: string
  statementTimeoutSeconds: number
}

const sessions = new WeakMap<PoolClient, Session>()

const SET_SESSION = {
  name: 'kernel.set-session',
  text: "select set_config('app.tenant_id', $1, false), set_config('statement_timeout', $2, false)",
}

/** A query with `query_timeout` in milliseconds, which pg supports per query but its types do not declare. */
export type TimedQuery = QueryConfig<unknown[]> & { readonly query_timeout: number }

/** Extra time for the network beyond the statement timeout, before a connection counts as lost. */
export const ANSWER_GRACE_MILLISECONDS = 2000

/**
 * Sets a connection's tenant and statement timeout. Called at every checkout, so a connection never runs with another
 * tenant's row-level security. Needs session state: behind a pooler, use session pooling.
 */
export async function enterSession(
  client: PoolClient,
  tenantId: string,
  statementTimeoutSeconds: number,
): Promise<void> {
  const current = sessions.get(client)
  if (current?.tenantId === tenantId && current.statementTimeoutSeconds === statementTimeoutSeconds) return
  sessions.delete(client)
  const values = [tenantId, `${statementTimeoutSeconds}s`]
  const query: TimedQuery = { ...SET_SESSION, values, query_timeout: ANSWER_GRACE_MILLISECONDS }
  await client.query(query)
  sessions.set(client, { tenantId, statementTimeoutSeconds })
}
