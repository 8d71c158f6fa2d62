import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { sql } from 'kysely'
import { parse } from 'pg-connection-string'
import { afterAll, describe, expect, it } from 'vitest'
import { testDatabase, quiet } from '../../../test/support/database.ts'
import { freePort } from '../../../test/support/free-port.ts'
import { DatabaseSettings } from '../config/database.ts'
import { checkDatabase, checkRoles } from '../startup/service-checks.ts'
import { openDatabase } from './pool.ts'

const hasPgBouncer = spawnSync('pgbouncer', ['--version']).status === 0
const folder = await mkdtemp(path.join(tmpdir(), 'plimsoll-pgbouncer-'))
const database = await testDatabase()
const closers: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true })]
afterAll(async () => {
  for (const close of closers.toReversed()) await close()
})

/** Starts PgBouncer before the test's database and opens the product's pools through it. */
async function openThrough(poolMode: 'session' | 'transaction') {
  const { user, password, database: name } = parse(database.url)
  const listenPort = await freePort()
  const config = path.join(folder, `${poolMode}.ini`)
  const target = ['host=127.0.0.1', `port=${await relayPort()}`, `user=${user}`, password && `password=${password}`]
  await writeFile(
    config,
    `[databases]
${name} = ${target.filter(Boolean).join(' ')}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${listenPort}
unix_socket_dir =
auth_type = any
pool_mode = ${poolMode}
server_round_robin = 1
`,
  )
  await chmod(folder, 0o755)
  const asOther = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
  const server = spawn('pgbouncer', [...asOther, config], { stdio: ['ignore', 'ignore', 'pipe'] })
  await new Promise<void>((resolve, reject) => {
    let said = ''
    server.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.includes('process up')) resolve()
    })
    server.once('exit', () => reject(new Error(`pgbouncer did not start: ${said}`)))
  })
  closers.push(async () => {
    server.kill('SIGTERM')
    if (server.exitCode === null) await once(server, 'exit')
  })
  const opened = openDatabase({
    url: `postgresql://${user}:x@127.0.0.1:${listenPort}/${name}`,
    settings: DatabaseSettings.parse({}),
    log: quiet,
    observe: { started: () => () => undefined },
  })
  closers.push(() => opened.close())
  return opened
}

/** A TCP port that leads to the database: PgBouncer does not run as root, and others may not use the socket. */
async function relayPort(): Promise<number> {
  const { host, port } = parse(database.url)
  const socket = `${host}/.s.PGSQL.${port ?? 5432}`
  const isSocket = host?.startsWith('/') === true
  const relay = createServer((incoming) => {
    const outgoing = isSocket ? connect(socket) : connect(Number(port ?? 5432), host ?? '127.0.0.1')
    incoming.on('error', () => outgoing.destroy()).pipe(outgoing)
    outgoing.on('error', () => incoming.destroy()).pipe(incoming)
  }).listen(0, '127.0.0.1')
  await once(relay, 'listening')
  closers.push(() => new Promise((resolve) => relay.close(resolve)))
  // safe because: a TCP server that listens has an address with a port.
  return (relay.address() as AddressInfo).port
}

describe.skipIf(!hasPgBouncer)('behind PgBouncer (needs pgbouncer)', () => {
  it('by sessions, row-level security applies to every connection', async () => {
    const pooled = await openThrough('session')
    expect(await checkDatabase(pooled.owner)).toMatchObject({ outcome: 'pass' })
    expect(await checkRoles(pooled)).toMatchObject({ outcome: 'pass' })
    const insert = (tenantId: string) =>
      sql`insert into access.tenants (tenant_id, name, created_at) values (${tenantId}, 'A', now())`
    await insert('pooled').execute(pooled.forTenant('pooled'))
    await expect(insert('other').execute(pooled.forTenant('pooled'))).rejects.toThrow(/row-level security/)
    const { rows } = await sql`select current_user as role, current_setting('timezone') as zone`.execute(
      pooled.forTenant('pooled'),
    )
    expect(rows).toEqual([{ role: 'plimsoll_app', zone: 'UTC' }])
  })

  it('by transactions, the start is refused, and so is each connection that lost its role', async () => {
    const pooled = await openThrough('transaction')
    expect(await checkDatabase(pooled.owner)).toMatchObject({
      outcome: 'fail',
      message: expect.stringContaining('pool_mode = session'),
    })
    // Two server processes, to which the two statements of a new connection are given in turn.
    const open = await Promise.all([pooled.owner.connect(), pooled.owner.connect()])
    for (const client of open) await client.query('begin')
    for (const client of open) await client.query('commit')
    for (const client of open) client.release()
    await expect(sql`select 1`.execute(pooled.forTenant('a'))).rejects.toThrow(/not as plimsoll_app/)
  })
})
