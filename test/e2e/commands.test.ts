import { randomBytes } from 'node:crypto'
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { testDatabase } from '../support/database.ts'
import { jsonClient, startPeopleServer } from '../support/people.ts'
import { runCommand, runUnread } from '../support/product-process.ts'

describe('plimsoll config', () => {
  it('exits with 78 and names every invalid variable, what was expected and an example', async () => {
    const { code, out, err } = await runCommand(['config'], { DB_POOL_SIZE: 'many', SERVER_PORT: '70000' })
    expect({ code, out }).toEqual({ code: 78, out: '' })
    expect(err).toBe(
      '2 settings are wrong:\n' +
        '  SERVER_PORT: expected a whole number from 0 to 65535; got "70000". Example: SERVER_PORT=8080\n' +
        '  DB_POOL_SIZE: expected a whole number from 1 to 1000; got "many". Example: DB_POOL_SIZE=50\n',
    )
  })

  it('does not start in production without its secrets, and prints none', async () => {
    const { code, err } = await runCommand(['serve'], {
      ENVIRONMENT: 'production',
      DATABASE_URL: 'postgresql://plimsoll:plimsoll@db.internal/plimsoll',
    })
    expect(code).toBe(78)
    expect(err).toContain('ENCRYPTION_KEY: expected')
    expect(err).toContain('DATABASE_URL: expected a strong secret in production')
    expect(err).not.toContain('plimsoll@db')
  })

  it('shows the settings in effect, with secrets hidden', async () => {
    const { code, out } = await runCommand(['config'], { DATABASE_URL: 'postgresql://me:hush-hush@db.internal/plim' })
    expect(code).toBe(0)
    expect(out).toMatch(/^DATABASE_URL\s+postgresql:\/\/\*\*\*@db\.internal\/plim\s+environment$/m)
    expect(out).not.toContain('hush')
  })

  it('says nothing when whoever reads its output stops before the end', async () => {
    expect(await runUnread(['config'], {})).toEqual({ code: 0, err: '' })
  })

  it('does not start where it may keep nothing, and says so in one sentence', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'plimsoll-file-'))
    const file = path.join(folder, 'data')
    await writeFile(file, '')
    for (const DATA_DIR of [file, path.join(file, 'deeper')]) {
      for (const command of [['serve'], ['tenants', 'list']]) {
        const { code, err } = await runCommand(command, { DATA_DIR, SERVER_PORT: '0' })
        expect({ code, err }).toEqual({
          code: 1,
          err: `Nothing can be kept in ${DATA_DIR}: it is, or leads through, a file. Set DATA_DIR to a folder that this user may write to.\n`,
        })
      }
    }
    await rm(folder, { recursive: true })
  })
})

describe('plimsoll migrate', async () => {
  const database = await testDatabase()
  const DATA_DIR = await realpath(await mkdtemp(path.join(tmpdir(), 'plimsoll-migrate-')))
  afterAll(() => rm(DATA_DIR, { recursive: true, force: true }))
  const migrate = (...words: string[]) => runCommand(['migrate', ...words], { DATABASE_URL: database.url })
  const states = async () => {
    const { code, out } = await migrate('status')
    const [head = '', ...rows] = out.trim().split('\n')
    expect({ code, columns: head.split(/\s{2,}/) }).toEqual({
      code: 0,
      columns: ['migration', 'state', 'applied at', 'breaking'],
    })
    return rows.map((row) => row.split(/\s{2,}/)[1])
  }

  it('creates the schema in an empty database', async () => {
    const { code, out } = await runCommand(['migrate', 'up'], { DATA_DIR, LOG_LEVEL: 'ERROR' })
    expect(code).toBe(0)
    expect(out).toMatch(/^Applied 202611200001_kernel_roles$/m)
  })

  it('rolls back and applies migrations, and shows the state of each', async () => {
    expect(new Set(await states())).toEqual(new Set(['applied']))
    const down = await migrate('down', '2', '--yes')
    const rolledBack = down.out.trim().split('\n')
    expect(rolledBack).toEqual([
      expect.stringMatching(/^Rolled back \d{12}_/),
      expect.stringMatching(/^Rolled back \d{12}_/),
    ])
    expect((await states()).slice(-3)).toEqual(['applied', 'pending', 'pending'])
    const up = await migrate('up')
    expect(up.out.trim().split('\n')).toEqual(
      rolledBack.toReversed().map((line) => line.replace('Rolled back', 'Applied')),
    )
    expect((await migrate('up')).out).toBe('Nothing to do.\n')
  })
})

describe('a command that fails says why, without a stack', async () => {
  const database = await testDatabase()
  const FOLDER = path.resolve(import.meta.dirname, '../../bench')
  const plimsoll = (...words: string[]) => runCommand(words, { DATABASE_URL: database.url, LOG_LEVEL: 'ERROR' })

  it.each([
    [['import', FOLDER, '--tenant', 'nobody'], /^There is no tenant nobody\. Create it first/],
    [['demo', '--tenant', 'nobody'], /^There is no tenant nobody\. Create it first/],
    [['keys', 'list', '--tenant', 'nobody'], /^There is no tenant nobody\. Create it first/],
    [['people', 'add', 'ada@example.com', '--tenant', 'nobody'], /^There is no tenant nobody\. Create it first/],
    [['people', 'add', 'ada', '--tenant', 'nobody'], /^Expected an e-mail address such as ada@example\.com\.$/m],
    [
      ['people', 'add', 'ada@example.com', '--tenant', 'nobody', '--role', 'boss'],
      /'boss' is invalid\. Allowed choices are read-only, member, manager, admin, owner\.$/m,
    ],
    [['tenants', 'create', 'Not An Id', '--name', 'x'], /^Expected a tenant id such as acme/],
    [
      ['audit', 'export', '--tenant', 'acme', '--out', 'x', '--from', '01/06/2025'],
      /is invalid. Expected a date or time in UTC/,
    ],
    [['migrate', 'down', 'all'], /^Expected the number of migrations/],
    [['migrate', 'down'], /^A rollback drops tables with their data.* --yes\.$/m],
    [
      ['keys', 'create', '--tenant', 'nobody', '--name', 'k', '--scopes', 'customers:read,bogus:read'],
      /^The key was not created\.\n {2}--scopes: .*customers:read.*; bogus:read is not one of them$/m,
    ],
    [
      ['keys', 'create', '--tenant', 'nobody', '--name', 'k', '--scopes', 'customers:read', '--expires', '2020-01-31'],
      /^The key was not created\.\n {2}--expires: expected a future time/,
    ],
    [
      ['keys', 'create', '--tenant', 'nobody', '--name', 'k', '--scopes', 'customers:read', '--expires', '0d'],
      /^The key was not created\.\n {2}--expires: expected a future time/,
    ],
    [
      ['keys', 'create', '--tenant', 'nobody', '--name', ' ', '--scopes', ''],
      /^The key was not created\.\n {2}--name: /,
    ],
    [
      [
        ...['keys', 'create', '--tenant', 'nobody', '--name', 'k', '--scopes', 'customers:read'],
        '--server',
        'customer',
      ],
      /^The key was not created\.\n {2}--server: expected servers of this installation \(customers, tasks\); customer is not one/m,
    ],
    [
      [
        ...['keys', 'create', '--tenant', 'nobody', '--name', 'k', '--scopes', 'customers:read'],
        '--network',
        '10.0.0.1/8',
      ],
      /^The key was not created\.\n {2}--network: expected a network such as 203\.0\.113\.0\/24/m,
    ],
    [
      ['service-accounts', 'create', '--tenant', 'nobody', '--name', 'sync', '--scopes', 'bogus:read'],
      /^The service account was not created\.\n {2}scopes: .*bogus:read is not one of them$/m,
    ],
  ])('%j', async (words, says) => {
    const { code, out, err } = await plimsoll(...words)
    expect({ code, out, err }).toEqual({ code: 1, out: '', err: expect.stringMatching(says) })
    expect(err).not.toContain('.ts:')
  })
})

describe('plimsoll people', async () => {
  const database = await testDatabase()
  const environment = { ENCRYPTION_KEY: randomBytes(32).toString('base64') }
  const plimsoll = (...words: string[]) =>
    runCommand(words, { ...environment, DATABASE_URL: database.url, LOG_LEVEL: 'ERROR' })
  const add = ['people', 'add', 'Ada@example.com', '--tenant', 'zenith', '--role', 'manager']

  it('add prints the initial password once; the person signs in with it, to that organisation', async () => {
    expect(await plimsoll('tenants', 'create', 'zenith', '--name', 'Zenith')).toMatchObject({ code: 0 })
    const { code, out, err } = await plimsoll(...add)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    const [, password, userId] =
      /^(\S+)\n\nSave this password now: it is not shown again\. (usr_\w+) signs in with it as Ada@example\.com/.exec(
        out,
      ) ?? []
    expect(await plimsoll(...add)).toEqual({
      code: 1,
      out: '',
      err: 'An account with this e-mail address already exists. Invite the person instead, under /api/v1/invitations.\n',
    })
    const server = await startPeopleServer(database, environment)
    try {
      const answer = await jsonClient(server.url).post('/api/auth/signin', { email: 'ada@example.com', password })
      expect(answer).toMatchObject({ status: 200, body: { tenant_id: 'zenith', user: { id: userId, name: 'Ada' } } })
    } finally {
      await server.app.close()
    }
  })

  it('lists people, changes a role, resets a password with its sessions, and removes a person', async () => {
    const people = (...words: string[]) => plimsoll('people', ...words, '--tenant', 'zenith')
    await people('add', 'eve@example.com', '--role', 'owner')
    expect(await people('role', 'EVE@example.com', 'member')).toMatchObject({
      code: 1,
      err: expect.stringContaining('last owner'),
    })
    expect(await people('role', 'ada@example.com', 'admin')).toMatchObject({
      code: 0,
      out: 'ada@example.com was manager, and is admin now.\n',
    })
    expect((await people('list')).out).toMatch(/^ada@example\.com +Ada +admin +off +\d{4}-\d\d-\d\d +usr_\w+$/m)
    const server = await startPeopleServer(database, environment)
    const client = jsonClient(server.url)
    const signIn = (password = '') => client.post('/api/auth/signin', { email: 'ada@example.com', password })
    const newPassword = async () => (await people('reset', 'ada@example.com')).out.split('\n', 1)[0]
    try {
      const before = await newPassword()
      const token = String((await signIn(before)).body['access_token'])
      expect((await client.get('/api/v1/users/me', token)).status).toBe(200)
      const after = await newPassword()
      await expect.poll(async () => (await client.get('/api/v1/users/me', token)).status).toBe(401)
      expect((await signIn(before)).status).toBe(401)
      expect((await signIn(after)).body).toMatchObject({ tenant_id: 'zenith' })
      expect((await people('remove', 'ada@example.com')).code).toBe(0)
      expect((await signIn(after)).body['tenant_id']).not.toBe('zenith')
    } finally {
      await server.app.close()
    }
  })
})
