import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { quiet, testDatabase } from '../../../test/support/database.ts'
import { DatabaseSettings } from '../config/database.ts'
import { openSignals } from '../database/signals.ts'
import { checkConnections } from './connection-check.ts'

/** 15 connections a process: 6 for requests and 9 for the rest. */
const settings = DatabaseSettings.parse({ poolSize: 4, poolOverflow: 2 })

describe('the connections of every process together', async () => {
  const database = await testDatabase()
  const name = new URL(database.url).pathname.slice(1)
  const role = `login_${randomBytes(6).toString('hex')}`
  let login: pg.Pool

  beforeAll(async () => {
    await database.owner.query(`create role ${role} login password 'x-${role}'`)
    const url = new URL(database.url)
    Object.assign(url, { username: role, password: `x-${role}` })
    login = new pg.Pool({ connectionString: url.href, max: 2 })
  })
  afterAll(async () => {
    await login.end()
    await database.owner.query(`drop role ${role}`)
  })

  async function limitTo(connections: number, of: 'role' | 'database') {
    const limit = (count: number) =>
      database.owner.query(`alter ${of} ${of === 'role' ? role : name} connection limit ${count}`)
    await limit(connections)
    onTestFinished(() => limit(-1).then(() => undefined))
  }

  it('fit the server, and their sum is stated', async () => {
    const { rows } = await database.owner.query<{ left: number }>(
      `select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int as left`,
    )
    expect(await checkConnections(database.owner, settings)).toEqual({
      name: 'connections',
      outcome: 'pass',
      message: `One process of up to 15 connections: 15 of the ${rows[0]?.left} that max_connections of the server leaves.`,
    })
  })

  it('that one process alone would exceed refuse the start, naming the settings', async () => {
    expect(await checkConnections(database.owner, { ...settings, poolSize: 1000 })).toMatchObject({
      outcome: 'fail',
      message: expect.stringMatching(
        /^One process of up to 1011 connections may need 1011, and max_connections of the server leaves \d+\. Lower DB_POOL_SIZE \(1000\) or DB_MAX_OVERFLOW \(2\), or raise max_connections of the server\.$/,
      ),
    })
  })

  it('that several processes may exceed are warned of, counting those that run', async () => {
    await limitTo(29, 'role')
    expect(await checkConnections(login, settings)).toMatchObject({ outcome: 'pass' })

    const other = await openSignals({ connection: { connectionString: database.url }, log: quiet })
    onTestFinished(() => other.close())
    expect(await checkConnections(login, settings)).toEqual({
      name: 'connections',
      outcome: 'warning',
      message: `2 processes of up to 15 connections may need 30, and the connection limit of role ${role} leaves 29. Lower DB_POOL_SIZE (4) or DB_MAX_OVERFLOW (2), or raise the connection limit of role ${role}.`,
    })
  })

  it('count against the limit of the database, which does not hold a superuser', async () => {
    await limitTo(14, 'database')
    expect(await checkConnections(database.owner, settings)).toMatchObject({ outcome: 'pass' })
    expect(await checkConnections(login, settings)).toMatchObject({
      outcome: 'fail',
      message: expect.stringContaining(`the connection limit of database ${name} leaves 14`),
    })
  })
})

describe('the default settings', () => {
  it('let ten processes share a server of 200 connections', async () => {
    const database = await testDatabase()
    const { message } = await checkConnections(database.owner, DatabaseSettings.parse({}))
    const each = Number(/up to (\d+) connections/.exec(message)?.[1])
    expect(10 * each).toBeLessThanOrEqual(200 - 3)
  })
})
