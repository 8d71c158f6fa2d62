import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { quiet, testDatabase } from '../../../test/support/database.ts'
import { unsteadyNetwork } from '../../../test/support/unsteady-network.ts'
import type { UnsteadyNetwork } from '../../../test/support/unsteady-network.ts'
import { DatabaseSettings } from '../config/database.ts'
import { openDatabase } from './pool.ts'
import type { Database } from './pool.ts'
import { openSignals } from './signals.ts'

let network: UnsteadyNetwork
let own: Database

beforeAll(async () => {
  const database = await testDatabase()
  network = await unsteadyNetwork(database.url)
  own = openOwn()
})
afterEach(() => network.heal())
afterAll(async () => {
  await own.close()
  await network.close()
})

function openOwn(): Database {
  const settings = DatabaseSettings.parse({
    poolSize: 1,
    poolOverflow: 0,
    poolWaitSeconds: 1,
    statementTimeoutSeconds: 1,
  })
  return openDatabase({ url: network.url, settings, log: quiet, observe: { started: () => () => undefined } })
}

describe('when the way to the database fails', () => {
  it('a commit that was lost is never said to have changed nothing', async () => {
    const writing = own
      .forTenant('acme')
      .transaction()
      .execute(async (tx) => {
        await sql`select 1`.execute(tx)
        network.cutAt('commit')
      })
    await expect(writing).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('may or may not'),
    })
  })

  it('a statement without an answer is given up, and its connection with it', async () => {
    const db = own.forTenant('acme')
    await sql`select 1`.execute(db)
    network.swallow()
    await expect(sql`select 2`.execute(db)).rejects.toMatchObject({ kind: 'unavailable' })
    network.heal()
    expect((await sql<{ n: number }>`select 3 as n`.execute(db)).rows).toEqual([{ n: 3 }])
  })

  it('a transaction without an answer is given up after one statement', async () => {
    const writing = own
      .forTenant('acme')
      .transaction()
      .execute(async (tx) => {
        network.swallow()
        await sql`select 1`.execute(tx)
      })
    await expect(writing).rejects.toMatchObject({ kind: 'unavailable' })
    network.heal()
    expect((await sql<{ n: number }>`select 3 as n`.execute(own.forTenant('acme'))).rows).toEqual([{ n: 3 }])
  })

  it('what waits for signals, and the pool, can be closed all the same', async () => {
    const signals = await openSignals({ connection: { connectionString: network.url }, log: quiet })
    const pool = openOwn()
    await sql`select 1`.execute(pool.forTenant('acme'))
    network.swallow()
    await Promise.all([signals.close(), pool.close()])
    expect(signals.connected).toBe(false)
  }, 5000)
})
