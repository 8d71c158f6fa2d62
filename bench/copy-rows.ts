import { once } from 'node:events'
import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { COPY_COLUMNS, copyText, usageEvents } from './generated-events.ts'

/** Where COPY writes: a table with the columns, the key, the checks and the partitions of the real one. */
export async function makeCopyTarget(client: pg.ClientBase): Promise<void> {
  await client.query(`create schema bench`)
  await client.query(
    `create table bench.usage_events (like customers.usage_events including all) partition by range (occurred_at)`,
  )
  await client.query(`create table bench.usage_events_now partition of bench.usage_events default`)
}

/** Loads prepared rows, `rowsEach` a statement and a transaction, one after the other. Returns the seconds it took. */
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
