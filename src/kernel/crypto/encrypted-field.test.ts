import { beforeEach, describe, expect, it } from 'vitest'
import { testDatabase } from '../../../test/support/database.ts'
import { encryptedColumn } from './encrypted-field.ts'
import { createKeyring } from './keyring.ts'

const OLD = Buffer.alloc(32, 1)
const NEW = Buffer.alloc(32, 2)
const ROWS = 7

const database = await testDatabase()
const keyring = createKeyring([OLD])
const contextOf = (tenantId: string, id: string) => `safe.word:${tenantId}:${id}`
const field = encryptedColumn({
  name: 'safe.word',
  table: 'safe.words',
  key: ['tenant_id', 'id'],
  column: 'word',
  context: contextOf,
})

beforeEach(async () => {
  keyring.replace([OLD])
  await database.owner.query(`
    drop schema if exists safe cascade;
    create schema safe;
    create table safe.words (tenant_id text, id text, word text, primary key (tenant_id, id));
    select kernel.isolate_tenant('safe.words')`)
  for (let at = 0; at < ROWS; at++) await insert(at % 2 === 0 ? 'alpha' : 'bravo', `w${at}`)
  await database.owner.query("insert into safe.words values ('alpha', 'none', null)")
})

async function insert(tenantId: string, id: string) {
  const sealed = keyring.seal(`word ${id}`, contextOf(tenantId, id))
  await database.owner.query('insert into safe.words values ($1, $2, $3)', [tenantId, id, sealed])
}

async function words() {
  const { rows } = await database.owner.query<{ tenant_id: string; id: string; word: string }>(
    'select * from safe.words where word is not null',
  )
  return rows.map(({ tenant_id, id, word }) => keyring.open(word, contextOf(tenant_id, id)).toString())
}

async function pass(rowsMax: number) {
  const counts: number[] = []
  let cursor: string | undefined
  do {
    const batch = await field.reencrypt(database.system, keyring, cursor, rowsMax)
    counts.push(batch.rows)
    ;({ cursor } = batch)
  } while (cursor !== undefined)
  return counts
}

describe('a column of encrypted values', () => {
  it('comes under the new key in batches, of every tenant, and holds the same values', async () => {
    const before = await words()
    keyring.replace([NEW, OLD])
    expect(await pass(3)).toEqual([3, 3, 1])
    expect(await field.tally(database.system)).toEqual(new Map([[keyring.currentKeyId, ROWS]]))
    keyring.replace([NEW])
    expect((await words()).toSorted()).toEqual(before.toSorted())
  })

  it('is left as it is by a second pass', async () => {
    keyring.replace([NEW, OLD])
    await pass(100)
    expect(await pass(100)).toEqual([0])
  })

  it('keeps what was written between its reading and its writing', async () => {
    keyring.replace([NEW, OLD])
    const latecomer = keyring.seal('word w0 anew', contextOf('alpha', 'w0'))
    const { promise: read, resolve } = Promise.withResolvers<void>()
    const blocker = await database.owner.connect()
    try {
      await blocker.query('begin')
      await blocker.query("update safe.words set word = $1 where tenant_id = 'alpha' and id = 'w0'", [latecomer])
      const passing = field.reencrypt(
        database.system,
        { ...keyring, seal: (plain, context) => (resolve(), keyring.seal(plain, context)) },
        undefined,
        100,
      )
      await read
      await blocker.query('commit')
      expect((await passing).rows).toBe(ROWS - 1)
    } finally {
      blocker.release()
    }
    expect(await words()).toContain('word w0 anew')
  })

  it('is counted by key', async () => {
    const [old, before] = [keyring.currentKeyId, await field.tally(database.system)]
    expect(before).toEqual(new Map([[old, ROWS]]))
    keyring.replace([NEW, OLD])
    await insert('alpha', 'later')
    expect(await field.tally(database.system)).toEqual(
      new Map([
        [old, ROWS],
        [keyring.currentKeyId, 1],
      ]),
    )
  })

  it('is not touched when a value of it was moved to another row', async () => {
    await database.owner.query(
      "update safe.words set word = (select word from safe.words where id = 'w1') where id = 'w0'",
    )
    keyring.replace([NEW, OLD])
    await expect(pass(100)).rejects.toThrow()
  })
})
