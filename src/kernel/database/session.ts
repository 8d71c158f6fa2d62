import type { PoolClient, QueryConfig } from 'pg'

/** What a pooled connection is set up for at the moment, so that it is set up again only when that changes. */
interface Session {
  tenantId: string
  statementTimeoutSeconds: number
}

const sessions = new WeakMap<PoolClient, Session>()

const SET_SESSION = {
  name: 'kernel.set-session',
  text: "select set_config('app.tenant_id', $1, false), set_config('statement_timeout', $2, false)",
}

/** pg gives a statement up after `query_timeout` milliseconds; its types know that of whole connections only. */
export type TimedQuery = QueryConfig<unknown[]> & { readonly query_timeout: number }

/** How long the network may take on top of the statement's own time, before a connection counts as lost. */
export const ANSWER_GRACE_MILLISECONDS = 2000

/**
 * Points a connection at one tenant before anything else runs on it. Every checkout passes here, so a connection never
 * serves a tenant with the row-level security of another. Needs session state: behind a pooler, use session pooling.
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
