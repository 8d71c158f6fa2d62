import { sql } from 'kysely'
import { expect, it } from 'vitest'
import { testDatabase } from '../../../../test/support/database.ts'

const database = await testDatabase()

it('a month’s partition that many request at once is created once, and no request fails', async () => {
  const months = Array.from(
    { length: 24 },
    (_, at) => `${2018 + Math.floor(at / 12)}-${String((at % 12) + 1).padStart(2, '0')}-01`,
  )
  for (const month of months) {
    const requests = Array.from({ length: 8 }, async (_, caller) => {
      const { rows } = await sql<{
        made: boolean
      }>`select customers.ensure_usage_partition(${month}::date) as made`.execute(database.forTenant(`t-${caller}`))
      return rows[0]?.made
    })
    expect(await Promise.all(requests)).toEqual(Array.from({ length: 8 }, () => true))
  }
})
