import { once } from 'node:events'
import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { COPY_COLUMNS, copyText, usageEvents } from './generated-events.ts'

/** Creates the table that COPY writes to, with the columns, key, checks and partitions of the real one. */
export async function makeCopyTarget(client: pg.ClientBase): Promise<void> {
  await client.query(`create schema bench`)
  await client.query(
    `create table bench.usage_events (like customers.usage_events including all) partition by range (occurred_at)`,
  )
  await client.query(`create table bench.usage_events_now partition of bench.usage_events default`)
}

/** Loads `batches` of `eventsEach` rows, one statement and transaction after the other. Returns the duration in seconds. */
export async function copyRows(
  client: pg.ClientBase,
  {
    tenantId,
    run,
    batches,
    eventsEach,
    now,
  }: { tenantId: string; run: string; batches: number; eventsEach: number; now: number },
): Promise<number> {
  const texts = Array.from({ length: batches }, (_, batch) =>
    copyText(tenantId, usageEvents(run, batch * eventsEach, eventsEach, now)),
  )
  const startedAt = performance.now()
  for (const text of texts) {
    const stream = client.query(copyFrom(`copy bench.usage_events (${COPY_COLUMNS.join(', ')}) from stdin`))
    stream.end(text)
    await once(stream, 'finish')
  }
  return (performance.now() - startedAt) / 1000
}
