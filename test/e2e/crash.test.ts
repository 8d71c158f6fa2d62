import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { afterAll, describe, expect, it } from 'vitest'
import { joinEmbeddedPostgres } from '#kernel/database/embedded'
import { clusterFiles } from '#kernel/database/embedded/cluster'
import { findRunning } from '#kernel/database/embedded/postmaster'
import { quiet } from '../support/database.ts'
import { type ProductProcess, startProduct } from '../support/product-process.ts'

const WRITES = 200

describe('after kill -9 of the server and of its database in the middle of 200 parallel writes', async () => {
  const dataDir = await realpath(await mkdtemp(path.join(tmpdir(), 'plimsoll-crash-')))
  afterAll(() => rm(dataDir, { recursive: true, force: true }))

  it('every acknowledged write is stored with its audit row, no other is partly stored, and retries complete them', async () => {
    const first = await startProduct({ DATA_DIR: dataDir })
    const answered = new Set<string>()
    const ids = Array.from({ length: WRITES }, (_, index) => `cs_crash_${index}`)
    const enough = Promise.withResolvers<void>()
    const writing = ids.map(async (id) => {
      if (!(await register(first, id))) return
      answered.add(id)
      if (answered.size === WRITES / 4) enough.resolve()
    })
    const settled = Promise.allSettled(writing)
    await enough.promise
    const database = await findRunning(clusterFiles(dataDir))
    await first.kill()
    process.kill(database?.process.pid ?? Number.NaN, 'SIGKILL')
    await settled
    expect(answered.size).toBeLessThan(WRITES)

    const second = await startProduct({ DATA_DIR: dataDir })
    const found = await stored(dataDir)
    expect([...answered].filter((id) => !found.customers.has(id))).toEqual([])
    expect(found.audited).toEqual(found.customers)

    const repeated = await Promise.all(ids.map((id) => register(second, id)))
    expect(repeated.every(Boolean)).toBe(true)
    const complete = await stored(dataDir)
    expect(complete.customers.size).toBe(WRITES)
    expect(complete.audited).toEqual(complete.customers)
    expect(complete.auditRows).toBe(WRITES)
    expect(await second.stop()).toBe(0)
  }, 120_000)
})

/** Registers a customer. Resolves with whether the server acknowledged it; a broken connection is no acknowledgement. */
async function register({ url, key }: ProductProcess, clientId: string): Promise<boolean> {
  const call = {
    name: 'register_client',
    arguments: { client_id: clientId, client_name: clientId, idempotency_key: clientId },
  }
  const response = await fetch(`${url}/mcp`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-11-25',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: call }),
  }).catch(() => undefined)
  const body = await response?.text().catch(() => undefined)
  return body?.includes(`"client_id":"${clientId}"`) === true && !body.includes('"isError":true')
}

async function stored(dataDir: string) {
  const { url } = await joinEmbeddedPostgres({ dataDir, log: quiet })
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows: customers } = await client.query<{ id: string }>(
    "select client_id as id from customers.customers where client_id like 'cs_crash_%'",
  )
  const { rows: audited } = await client.query<{ id: string }>(
    "select subject as id from audit.events where action = 'customers.register' and subject like 'cs_crash_%'",
  )
  await client.end()
  const idsOf = (rows: readonly { id: string }[]) => new Set(rows.map(({ id }) => id))
  return { customers: idsOf(customers), audited: idsOf(audited), auditRows: audited.length }
}
