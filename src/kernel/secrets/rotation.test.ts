import { beforeEach, describe, expect, it } from 'vitest'
import { testDatabase } from '../../../test/support/database.ts'
import { TEST_NOW } from '../../../test/support/tenant.ts'
import { encryptedColumn } from '../crypto/encrypted-field.ts'
import type { EncryptedField } from '../crypto/encrypted-field.ts'
import { createKeyring } from '../crypto/keyring.ts'
import { rotateFields, tallyFields } from './rotation.ts'

const database = await testDatabase()
const db = database.system
const [OLD, NEW, NEWER] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2), Buffer.alloc(32, 3)]
const ROWS = 60
const BATCH = 7

const field = encryptedColumn({
  name: 'vault.words',
  table: 'vault.words',
  key: ['id'],
  column: 'word',
  context: (id = '') => `vault.word:${id}`,
})
const keyring = createKeyring([OLD])
const sealed = (id: string, word = `word ${id}`) => keyring.seal(word, `vault.word:${id}`)
const idOf = (at: number) => String(at).padStart(3, '0')

beforeEach(async () => {
  keyring.replace([OLD])
  await database.owner.query(`
    drop schema if exists vault cascade;
    create schema vault;
    create table vault.words (id text primary key, word text);
    grant usage on schema vault to plimsoll_system;
    grant select, insert, update on vault.words to plimsoll_system;
    delete from kernel.rotations`)
  const ids = Array.from({ length: ROWS }, (_, at) => idOf(at))
  await database.owner.query('insert into vault.words select * from unnest($1::text[], $2::text[])', [
    ids,
    ids.map((id) => sealed(id)),
  ])
})

const options = (signal = new AbortController().signal) => ({
  db,
  keyring,
  clock: () => TEST_NOW,
  rowsMax: BATCH,
  signal,
})
const rotate = (fields: readonly EncryptedField[] = [field], signal?: AbortSignal) =>
  rotateFields(fields, options(signal))
const tally = async () => Object.fromEntries((await tallyFields([field], db))[0]?.values ?? [])
const progress = async () => (await database.owner.query('select * from kernel.rotations order by started_at')).rows

/** The field with a count of rows written, failing after a number of batches like a killed process. */
function watched(batchesMax = Infinity) {
  const written: number[] = []
  const reencrypt: EncryptedField['reencrypt'] = async (...args) => {
    if (written.length >= batchesMax) throw new Error('killed')
    const batch = await field.reencrypt(...args)
    written.push(batch.rows)
    return batch
  }
  return { field: { ...field, reencrypt }, written }
}

describe('a rotation', () => {
  it('brings every value under the current key, says how many, and changes nothing when it is repeated', async () => {
    keyring.replace([NEW, OLD])
    expect(await rotate()).toEqual([{ name: 'vault.words', rows: ROWS }])
    expect(await tally()).toEqual({ [keyring.currentKeyId]: ROWS })
    const { rows } = await database.owner.query('select * from vault.words order by id')
    expect(await rotate()).toEqual([{ name: 'vault.words', rows: 0 }])
    expect((await database.owner.query('select * from vault.words order by id')).rows).toEqual(rows)
    keyring.replace([NEW])
    expect(keyring.open(rows[5].word, 'vault.word:005').toString()).toBe('word 005')
  })

  it('changes nothing where it could not open everything, and names the key, the field and how many', async () => {
    const [old] = keyring.keyIds
    keyring.replace([NEW])
    const refused = rotate()
    await expect(refused).rejects.toMatchObject({ kind: 'conflict' })
    await expect(refused).rejects.toThrow(`vault.words: ${ROWS} under ${old}`)
    expect(await tally()).toEqual({ [String(old)]: ROWS })
  })

  it('goes on where it was killed, and counts what was done before', async () => {
    keyring.replace([NEW, OLD])
    const { field: failing, written } = watched(3)
    await expect(rotate([failing])).rejects.toThrow('killed')
    expect(await progress()).toMatchObject([{ field: 'vault.words', rows_done: 3 * BATCH, finished_at: null }])
    const rest = watched()
    expect(await rotate([rest.field])).toEqual([{ name: 'vault.words', rows: ROWS }])
    expect(written).toEqual([BATCH, BATCH, BATCH])
    expect(rest.written.reduce((sum, rows) => sum + rows, 0)).toBe(ROWS - 3 * BATCH)
    expect(await progress()).toMatchObject([{ cursor: null, finished_at: expect.any(Date) }])
  })

  it('loses nothing that is written while it runs, whether under the old key or the new', async () => {
    keyring.replace([NEW, OLD])
    const lagging = createKeyring([OLD])
    const writer = async (id: string, ring: typeof keyring) => {
      const word = ring.seal(`live ${id}`, `vault.word:${id}`)
      await database.owner.query('insert into vault.words values ($1, $2) on conflict (id) do update set word = $2', [
        id,
        word,
      ])
    }
    const meddled = watched()
    let batches = 0
    const reencrypt: EncryptedField['reencrypt'] = async (...args) => {
      const at = batches++
      if (at === 2) await writer('001', lagging)
      if (at === 3) await Promise.all([writer('0000', lagging), writer('059', keyring), writer('900', lagging)])
      return meddled.field.reencrypt(...args)
    }
    await rotate([{ ...field, reencrypt }])
    expect(await tally()).toEqual({ [keyring.currentKeyId]: ROWS + 2 })
    keyring.replace([NEW])
    const { rows } = await database.owner.query('select * from vault.words')
    const words = rows.map(({ id, word }) => keyring.open(word, `vault.word:${id}`).toString())
    expect(words.filter((word) => word.startsWith('live')).toSorted()).toEqual([
      'live 0000',
      'live 001',
      'live 059',
      'live 900',
    ])
    expect(words).toHaveLength(ROWS + 2)
  })

  it('does not say that it is done while a process writes under the old key without an end', async () => {
    keyring.replace([NEW, OLD])
    const lagging = createKeyring([OLD])
    const tallied: EncryptedField['tally'] = async (...args) => {
      const word = lagging.seal('again', 'vault.word:000')
      await database.owner.query("update vault.words set word = $1 where id = '000'", [word])
      return field.tally(...args)
    }
    await expect(rotate([{ ...field, tally: tallied }])).rejects.toThrow(
      'still has values under another key after 10 passes',
    )
    expect(await progress()).toMatchObject([{ finished_at: null }])
  })

  it('stops between two batches when it is told to', async () => {
    keyring.replace([NEW, OLD])
    const stopping = new AbortController()
    const reencrypt: EncryptedField['reencrypt'] = async (...args) => {
      stopping.abort()
      return field.reencrypt(...args)
    }
    await expect(rotate([{ ...field, reencrypt }], stopping.signal)).rejects.toThrow('aborted')
    expect((await tally())[keyring.currentKeyId]).toBe(BATCH)
  })

  it('keeps its place for each key: a key that came meanwhile begins at the beginning', async () => {
    keyring.replace([NEW, OLD])
    await expect(rotate([watched(2).field])).rejects.toThrow('killed')
    keyring.replace([NEWER, NEW, OLD])
    expect(await rotate()).toEqual([{ name: 'vault.words', rows: ROWS }])
    expect(await tally()).toEqual({ [keyring.currentKeyId]: ROWS })
    expect(await progress()).toHaveLength(2)
  })
})
