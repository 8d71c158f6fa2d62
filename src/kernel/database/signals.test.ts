import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterAll, describe, expect, it } from 'vitest'
import { quiet, testDatabase } from '../../../test/support/database.ts'
import { openSignals, type Signals, type SignalsOptions } from './signals.ts'
import { autocommit, transact } from './transact.ts'

describe('signals', async () => {
  const database = await testDatabase()
  const opened: Signals[] = []
  afterAll(() => Promise.all(opened.map((signals) => signals.close())))

  async function open(options: Partial<SignalsOptions> = {}) {
    const signals = await openSignals({ connection: { connectionString: database.url }, log: quiet, ...options })
    opened.push(signals)
    return signals
  }

  /** Resolves when the subscription is active. */
  async function inForce(signals: Signals) {
    while (!signals.connected) await new Promise((resolve) => setImmediate(resolve))
  }

  function next(signals: Signals, channel: string): Promise<string> {
    return new Promise((resolve) => {
      const unsubscribe = signals.subscribe(channel, (payload) => {
        unsubscribe()
        resolve(payload)
      })
    })
  }

  const db = database.forTenant('tenant-a')
  const { db: tx } = autocommit({ db })

  it('reach every process when, and only when, the transaction commits', async () => {
    const [one, two] = [await open(), await open()]
    const heard = [next(one, 'test.Commit'), next(two, 'test.Commit')]
    await Promise.all([inForce(one), inForce(two)])
    const broken = transact(db, async (tx) => {
      await one.publish(tx, 'test.Commit', 'rolled back')
      throw new Error('no')
    })
    await expect(broken).rejects.toThrow('no')
    await transact(db, (tx) => one.publish(tx, 'test.Commit', 'it’s "committed"'))

    expect(await Promise.all(heard)).toEqual(['it’s "committed"', 'it’s "committed"'])
  })

  it('stay on their channel, and stop when the subscription ends', async () => {
    const signals = await open()
    const heard: string[] = []
    const unsubscribe = signals.subscribe('test.a', (payload) => heard.push(`a ${payload}`))
    signals.subscribe('test.b', (payload) => heard.push(`b ${payload}`))
    await inForce(signals)
    const last = next(signals, 'test.last')
    await inForce(signals)
    await signals.publish(tx, 'test.a', '1')
    await signals.publish(tx, 'test.b', '2')
    await signals.publish(tx, 'test.last', '')
    await last
    unsubscribe()
    const later = next(signals, 'test.last')
    await signals.publish(tx, 'test.a', '3')
    await signals.publish(tx, 'test.last', '')
    await later
    expect(heard).toEqual(['a 1', 'b 2'])
  })

  it('reach the other subscribers when one fails on them', async () => {
    const signals = await open()
    signals.subscribe('test.odd', (payload) => void JSON.parse(payload))
    const heard = next(signals, 'test.odd')
    await inForce(signals)
    await signals.publish(tx, 'test.odd', 'not JSON')
    expect(await heard).toBe('not JSON')
  })

  it('say at once that the connection is lost, and again when every subscription is back', async () => {
    const signals = await open()
    const events: string[] = []
    const restored = Promise.withResolvers<void>()
    const lost = Promise.withResolvers<void>()
    signals.subscribe('test.c', (payload) => events.push(payload))
    await inForce(signals)
    signals.onLost(() => {
      events.push(`lost, connected: ${signals.connected}`)
      lost.resolve()
    })
    signals.onRestored(() => {
      events.push(`restored, connected: ${signals.connected}`)
      restored.resolve()
    })
    await database.owner.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'plimsoll signals' and datname = current_database()",
    )
    await lost.promise
    await restored.promise
    const heard = next(signals, 'test.c')
    await signals.publish(tx, 'test.c', 'after')
    await heard
    expect(events).toEqual(['lost, connected: false', 'restored, connected: true', 'after'])
  })

  it('notice a connection that was cut without a word', async () => {
    const wire = await cuttable(new URL(database.url))
    const connection = { connectionString: wire.url }
    const signals = await open({ connection, heartbeatMilliseconds: 50, backoffMillisecondsMax: 100 })
    expect(signals.connected).toBe(true)
    const lost = new Promise<void>((resolve) => signals.onLost(resolve))
    const restored = new Promise<void>((resolve) => signals.onRestored(resolve))
    wire.mute()
    await lost
    expect(signals.connected).toBe(false)
    wire.unmute()
    await restored
    await signals.close()
    wire.close()
  })

  it('open without a database, and connect when there is one', async () => {
    const wire = await cuttable(new URL(database.url))
    wire.mute()
    const connection = { connectionString: wire.url }
    const signals = await open({ connection, heartbeatMilliseconds: 50, backoffMillisecondsMax: 50 })
    expect(signals.connected).toBe(false)
    wire.unmute()
    await inForce(signals)
    await signals.close()
    wire.close()
  })
})

/** A TCP proxy to the database that can stop forwarding, like a connection cut by a firewall. */
async function cuttable(target: URL): Promise<{ url: string; mute(): void; unmute(): void; close(): void }> {
  const socketFolder = target.searchParams.get('host')
  const port = Number(target.port || 5432)
  const sockets = new Set<Socket>()
  let isMuted = false
  const server: Server = createServer((client) => {
    if (isMuted) return void sockets.add(client)
    const upstream =
      socketFolder === null ? connect(port, target.hostname) : connect(`${socketFolder}/.s.PGSQL.${port}`)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
    }
    client.on('data', (chunk) => isMuted || upstream.write(chunk))
    upstream.on('data', (chunk) => isMuted || client.write(chunk))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const url = new URL(target)
  url.searchParams.delete('host')
  url.host = `127.0.0.1:${address.port}`
  return {
    url: url.href,
    mute: () => void (isMuted = true),
    unmute: () => void (isMuted = false),
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
