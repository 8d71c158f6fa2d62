import { randomBytes } from 'node:crypto'
import { afterAll, expect, it } from 'vitest'
import { quiet, testDatabase } from '../../../test/support/database.ts'
import { DatabaseSettings } from '../config/database.ts'
import { openDatabase } from '../database/pool.ts'
import { databasePassword } from './database-password.ts'
import type { SecretStore } from './secret-store.ts'

const owner = await testDatabase()
const role = `plimsoll_test_${randomBytes(4).toString('hex')}`
const urlWith = (password: string) => Object.assign(new URL(owner.url), { username: role, password }).href

afterAll(() => owner.owner.query(`drop role ${role}`))

it('connections that are opened after the database’s password was rotated log in with the new one', async () => {
  await owner.owner.query(`create role ${role} login password 'the-first-one' in role plimsoll_app, plimsoll_system`)
  let follow: (url: string) => void = () => undefined
  const secrets: Pick<SecretStore, 'value' | 'follow'> = {
    value: () => urlWith('the-first-one'),
    follow: (_name, changed) => (follow = changed),
  }
  const settings = DatabaseSettings.parse({ poolWaitSeconds: 5 })
  const password = databasePassword(secrets, quiet)
  const database = openDatabase({
    url: urlWith('the-first-one'),
    ...password,
    settings,
    log: quiet,
    observe: { started: () => () => undefined },
  })
  try {
    await database.ping()
    await owner.owner.query(`alter role ${role} password 'the-second-one'`)
    await owner.owner.query('select pg_terminate_backend(pid) from pg_stat_activity where usename = $1', [role])
    await expect(connectAnew(database.owner)).rejects.toThrow('password authentication failed')
    follow(urlWith('the-second-one'))
    await connectAnew(database.owner)
    await database.ping()
  } finally {
    await database.close()
  }
})

it('a URL without a password leaves the connection to the other ways of logging in', () => {
  const secrets = { value: () => 'postgresql://plimsoll@db/plimsoll', follow: () => undefined }
  expect(databasePassword(secrets, quiet)).toEqual({})
})

/** The pool may still hand out a connection that was just ended. */
async function connectAnew(pool: typeof owner.owner): Promise<void> {
  for (;;) {
    const client = await pool.connect()
    const alive = await client.query('select 1').then(
      () => true,
      () => false,
    )
    client.release(!alive)
    if (alive) return
  }
}
