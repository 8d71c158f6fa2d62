import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:net'
import { afterAll, describe, expect, it } from 'vitest'
import { quiet, testDatabase } from '../../../test/support/database.ts'
import { hasRedis, startRedis } from '../../../test/support/redis.ts'
import { DatabaseSettings } from '../config/database.ts'
import { loadConfig } from '../../settings.ts'
import { listeningUrl } from '../network/public-url.ts'
import { openMigrations } from '../database/migrate.ts'
import { openDatabase } from '../database/pool.ts'
import { checkDisk, checkMachine, checkPort, checkPublicUrl, checkRuntime } from './machine-checks.ts'
import { checkRedis, checkServices } from './service-checks.ts'
import { requireChecks } from './check.ts'

const FOLDER = new URL('../../../migrations', import.meta.url).pathname

describe('before anything is opened', () => {
  it('the runtime must be Node.js 24 or newer', () => {
    expect(checkRuntime('24.21.0').outcome).toBe('pass')
    expect(checkRuntime('20.20.2')).toMatchObject({ outcome: 'fail', message: expect.stringContaining('20.20.2') })
  })

  it('the disk must have room, and a folder that is not there yet is judged by its parent', async () => {
    expect(await checkDisk('/not/there/yet', 1)).toMatchObject({
      outcome: 'pass',
      message: expect.stringContaining(' at /'),
    })
    const refusal = await checkDisk('.', 1024 ** 5)
    expect(refusal).toMatchObject({ outcome: 'fail', message: expect.stringContaining('1048576 GB are needed') })
  })

  it('the port must be free and the address ours', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const address = other.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    const taken = await checkPort('127.0.0.1', address.port)
    expect(taken.message).toBe(
      `Port ${address.port} on 127.0.0.1 is taken by another program. Stop it, or set SERVER_PORT (0 takes any free one).`,
    )
    other.close()
    const running = createHttpServer((_req, res) => res.end('{"name":"plimsoll"}')).listen(address.port, '127.0.0.1')
    await once(running, 'listening')
    expect((await checkPort('127.0.0.1', address.port)).message).toContain('Plimsoll is already running at http://127')
    running.close()
    expect((await checkPort('127.0.0.1', 0)).outcome).toBe('pass')
    expect(await checkPort('192.0.2.1', 8080)).toMatchObject({
      outcome: 'fail',
      message: expect.stringContaining('SERVER_HOST'),
    })
  })

  it('only the disk that the embedded database is kept on must have room', async () => {
    const config = (env: Record<string, string>) => loadConfig({ DATA_DIR: '.', SERVER_PORT: '0', ...env })
    const names = async (env: Record<string, string>) =>
      (await checkMachine(config(env), '24.21.0')).map(({ name }) => name)
    expect(await names({})).toContain('disk')
    expect(await names({ DATABASE_URL: 'postgresql://db.internal/plimsoll' })).not.toContain('disk')
  })

  it.each([
    ['pass', {}],
    ['pass', { SERVER_HOST: '::1' }],
    ['warning', { SERVER_HOST: '0.0.0.0' }],
    ['pass', { SERVER_HOST: '0.0.0.0', PUBLIC_URL: 'https://mcp.example.com' }],
    ['warning', { PUBLIC_URL: 'http://192.168.1.5:18200' }],
    ['pass', { PUBLIC_URL: 'http://localhost:18200' }],
  ])('the public URL is judged: %s for %j', (outcome, env) => {
    expect(checkPublicUrl(loadConfig(env).server).outcome).toBe(outcome)
  })

  it.each([
    ['127.0.0.1', 'http://127.0.0.1:18200'],
    ['0.0.0.0', 'http://127.0.0.1:18200'],
    ['::', 'http://[::1]:18200'],
    ['fd00::1', 'http://[fd00::1]:18200'],
    ['MY-HOST', 'http://my-host:18200'],
  ])('a server that listens on %s is called at %s', (host, url) => {
    expect(listeningUrl(host, 18_200)).toBe(url)
  })

  it('every failed check is named in the refusal, and a warning does not refuse', () => {
    const failed = checkRuntime('18.0.0')
    const checks = [failed, { ...failed, message: 'Another.' }, { ...failed, outcome: 'warning' as const }]
    expect(() => requireChecks(checks)).toThrow(`${failed.message}\nAnother.`)
    expect(() => requireChecks([checkRuntime('24.0.0')])).not.toThrow()
  })
})

describe('the services around', async () => {
  const database = await testDatabase()
  const migrations = openMigrations(database.owner, FOLDER)
  const settings = DatabaseSettings.parse({ poolWaitSeconds: 2 })
  const closers: (() => Promise<unknown>)[] = []
  afterAll(() => Promise.all(closers.map((close) => close())))

  function databaseAt(url: string) {
    const opened = openDatabase({ url, settings, log: quiet, observe: { started: () => () => undefined } })
    closers.push(() => opened.close())
    return opened
  }

  it('pass when all is well', async () => {
    const checks = await checkServices({ database, settings, migrations, redisUrl: undefined })
    expect(checks.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual([
      'database pass',
      'connections pass',
      'migrations pass',
      'roles pass',
      'redis pass',
    ])
  })

  it('name the database that does not answer, and look no further', async () => {
    const away = databaseAt('postgresql://plimsoll:secret@127.0.0.1:1/plimsoll')
    const checks = await checkServices({
      database: away,
      settings,
      migrations: openMigrations(away.owner, FOLDER),
      redisUrl: undefined,
    })
    expect(checks[0]).toMatchObject({
      name: 'database',
      outcome: 'fail',
      message: expect.stringContaining('ECONNREFUSED'),
    })
    expect(checks.map(({ name }) => name)).toEqual(['database', 'redis'])
    expect(JSON.stringify(checks)).not.toContain('secret')
  })

  it('name the migrations that are not applied', async () => {
    const bare = await testDatabase()
    const behind = openMigrations(bare.owner, FOLDER)
    const [last] = await behind.down()
    const checks = await checkServices({ database: bare, settings, migrations: behind, redisUrl: undefined })
    expect(checks.find(({ name }) => name === 'migrations')).toMatchObject({
      outcome: 'fail',
      message: expect.stringContaining(`${last} (pending)`),
    })
  })

  it('refuse a login that may not act as the request role', async () => {
    const name = `login_${Math.random().toString(36).slice(2)}`
    await database.owner.query(`create role ${name} login password 'x-${name}'`)
    const url = new URL(database.url)
    url.username = name
    url.password = `x-${name}`
    const stranger = openDatabase({ url: url.href, settings, log: quiet, observe: { started: () => () => undefined } })
    await database.owner.query(
      `grant usage on schema migration to ${name}; grant select on all tables in schema migration to ${name}`,
    )
    const checks = await checkServices({
      database: stranger,
      settings,
      migrations: openMigrations(stranger.owner, FOLDER),
      redisUrl: undefined,
    })
    const roles = checks.find((check) => check.name === 'roles')
    expect(roles).toMatchObject({ outcome: 'fail', message: expect.stringContaining('plimsoll_app') })
    await stranger.close()
    await database.owner.query(`drop owned by ${name}; drop role ${name}`)
  })

  it('warn of a Redis that is away, because everything works without it', async () => {
    expect(await checkRedis('redis://127.0.0.1:1')).toMatchObject({
      outcome: 'warning',
      message: expect.stringContaining('ECONNREFUSED'),
    })
  })

  it.skipIf(!hasRedis)('name the version of the Redis that answers (needs redis-server)', async () => {
    const redis = await startRedis()
    expect(await checkRedis(redis.url)).toMatchObject({
      outcome: 'pass',
      message: expect.stringMatching(/^Redis \d+\./),
    })
    await redis.kill()
  })
})
