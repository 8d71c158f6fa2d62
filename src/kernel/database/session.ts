import type { PoolClient } from 'pg'

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
  await client.query({ ...SET_SESSION, values: [tenantId, `${statementTimeoutSeconds}s`] })
  sessions.set(client, { tenantId, statementTimeoutSeconds })
}
