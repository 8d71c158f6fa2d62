import { pino } from 'pino'
import { describe, expect, it, vi } from 'vitest'
import { DatabaseSettings } from '#kernel/config/database'
import { openDatabase } from '#kernel/database/pool'
import type { Authenticate } from '../principal.ts'
import { Failure } from '#kernel/failure'
import { createKeyring } from '#kernel/crypto/keyring'
import { quiet, testDatabase } from '../../../test/support/database.ts'
import { TEST_NOW, TEST_ROOT_KEY, testTenant } from '../../../test/support/tenant.ts'
import { unsteadyNetwork } from '../../../test/support/unsteady-network.ts'
import { PLATFORM_TENANT, personal } from '../audit.ts'
import type { AuditEvent } from '../audit.ts'
import { accessNotes } from './access-notes.ts'
import { auditRefusals } from './authentication-notes.ts'
import { personKeys } from './person-keys.ts'
import { openAuditTrail } from './trail.ts'
import { auditVendorCalls } from './vendor-notes.ts'

const database = await testDatabase()
const clock = () => TEST_NOW
const keyring = createKeyring([TEST_ROOT_KEY])
const trailOn = (db = database.system, more = {}) =>
  openAuditTrail({ db, personKeys: personKeys({ db, keyring, clock }), clock, log: quiet, ...more })

const read = (tenantId: string, subject: string, requestId = 'req_1'): AuditEvent => ({
  tenantId,
  actor: { kind: 'user', id: 'usr_1' },
  action: 'tool.get_client_overview',
  subject,
  requestId,
  outcome: 'success',
})

describe('what is noted', () => {
  it('is written in a batch soon after, without being waited for', async () => {
    const { tenantId } = await testTenant(database)
    const trail = trailOn(database.system, { flushMilliseconds: 5 })
    for (let n = 0; n < 2500; n++) trail.note(read(tenantId, `cus_${n}`))
    await vi.waitFor(async () => expect(await subjects(tenantId)).toHaveLength(2500), { timeout: 5000 })
    await trail.close()
  })

  it('is written on close', async () => {
    const { tenantId } = await testTenant(database)
    const trail = trailOn(database.system, { flushMilliseconds: 60_000 })
    trail.note(read(tenantId, 'cus_1'))
    await trail.close()
    expect(await subjects(tenantId)).toEqual(['cus_1'])
  })

  it('becomes one event where nothing tells one from the other, which says how often', async () => {
    const { tenantId } = await testTenant(database)
    const trail = trailOn()
    for (let n = 0; n < 30; n++) trail.note(read(tenantId, 'cus_1', `req_${n}`))
    trail.note(read(tenantId, 'cus_2'))
    trail.note({ ...read(tenantId, 'cus_1'), outcome: 'denied' })
    trail.note({ ...read(tenantId, 'cus_1'), after: { n: 1 } })
    await trail.close()
    expect(await subjects(tenantId)).toEqual(['cus_1', 'cus_1', 'cus_1', 'cus_2'])
    const { rows } = await database.owner.query<{ times: number; ids: number }>(
      `select (after->>'times')::int as times, jsonb_array_length(after->'request_ids') as ids from audit.events
       where tenant_id = $1 and after ? 'times'`,
      [tenantId],
    )
    expect(rows).toEqual([{ times: 30, ids: 20 }])
  })

  it('waits while the database is away, and is all there once it is back', async () => {
    const { tenantId } = await testTenant(database)
    const network = await unsteadyNetwork(database.url)
    const away = openDatabase({
      url: network.url,
      settings: DatabaseSettings.parse({ poolWaitSeconds: 1 }),
      log: quiet,
      observe: { started: () => () => undefined },
    })
    const trail = trailOn(away.system, { flushMilliseconds: 5 })
    network.cutAt('audit.insert')
    for (let n = 1; n <= 300; n++) trail.note(read(tenantId, `cus_${n}`))
    await expect(trail.record(read(tenantId, 'must be kept'))).rejects.toMatchObject({ kind: 'unavailable' })
    await vi.waitFor(() => expect(trail.waitingCount()).toBe(300), { timeout: 5000 })
    network.heal()
    await vi.waitFor(async () => expect(await subjects(tenantId)).toHaveLength(300), { timeout: 15_000 })
    expect(trail.lostCount()).toBe(0)
    await trail.close()
    await away.close()
    await network.close()
  })

  it('is counted, logged and told in the trail itself when it no longer fits', async () => {
    const { tenantId } = await testTenant(database)
    const logged: string[] = []
    const log = pino({}, { write: (line: string) => void logged.push(line) })
    const trail = trailOn(database.system, { waitingMax: 3, flushMilliseconds: 60_000, log })
    for (let n = 0; n < 10; n++) trail.note(read(tenantId, `cus_${n}`))
    expect(trail.lostCount()).toBe(7)
    expect(logged).toHaveLength(1)
    expect(logged[0]).toContain('audit events are lost')
    await trail.close()
    expect(await subjects(tenantId)).toHaveLength(3)
    const { rows } = await database.owner.query<{ after: unknown }>(
      `select after from audit.events where tenant_id = $1 and action = 'audit.events-lost'`,
      [PLATFORM_TENANT],
    )
    expect(rows).toEqual([{ after: { count: 7 } }])
  })

  it('does not wait behind an event that cannot be stored', async () => {
    const { tenantId } = await testTenant(database)
    const trail = trailOn()
    trail.note({
      ...read(tenantId, 'bad'),
      after: {
        get broken() {
          throw new Error('cannot be read')
        },
      },
    })
    trail.note(read(tenantId, 'good'))
    await trail.close()
    expect(await subjects(tenantId)).toEqual(['good'])
    expect(trail.lostCount()).toBe(1)
  })

  it('may be about a person', async () => {
    const { tenantId } = await testTenant(database)
    const trail = trailOn()
    trail.note({ ...read(tenantId, 'usr_1'), after: { ip: personal('user:usr_1', '203.0.113.9') } })
    await trail.close()
    const { rows } = await database.owner.query<{ people: string[] }>(
      'select people from audit.events where tenant_id = $1',
      [tenantId],
    )
    expect(rows).toEqual([{ people: ['user:usr_1'] }])
  })
})

describe('accesses', () => {
  const noted = () => {
    const events: AuditEvent[] = []
    return { events, note: (event: AuditEvent) => void events.push(event) }
  }
  const who = { tenantId: 'acme', actor: { kind: 'key', id: 'key_1', name: 'k' }, scopes: new Set<never>() } as const

  it('tell who looked at which customer, and who was refused, and nothing of calls that got nowhere', () => {
    const trail = noted()
    const access = accessNotes(trail)
    access(who, 'req_1', 'tool.get_client_overview', { client_id: 'cus_1', note: 'private' }, 'ok')
    access(who, 'req_2', 'tool.list_clients', {}, 'forbidden')
    access(who, 'req_3', 'tool.list_clients', {}, 'not_found')
    access(who, 'req_4', 'tool.list_clients', {}, 'invalid')
    access(who, 'req_5', 'tool.list_clients', {}, 'rate_limited')
    expect(trail.events.map(({ subject, outcome }) => [subject, outcome])).toEqual([
      ['cus_1', 'success'],
      ['*', 'denied'],
      ['*', 'failure'],
    ])
    expect(JSON.stringify(trail.events)).not.toContain('private')
  })

  it('of refused credentials are told once a minute, with the network, and never the address or the key', async () => {
    const trail = noted()
    const refusals = auditRefusals(refuse, trail, clock)
    const key = `plim_${'x'.repeat(43)}`
    for (let n = 0; n < 40; n++) {
      const asked = async () => refusals.authenticate(`Bearer ${key}`, { address: '203.0.113.77', resource: '' })
      await expect(asked()).rejects.toMatchObject({ kind: 'unauthenticated' })
    }
    refusals.close()
    expect(
      trail.events.map(({ subject, after, tenantId, outcome }) => ({ subject, after, tenantId, outcome })),
    ).toEqual([
      { subject: '203.0.113.0/24 key plim_xxxxxxx…', after: undefined, tenantId: PLATFORM_TENANT, outcome: 'denied' },
      {
        subject: '203.0.113.0/24 key plim_xxxxxxx…',
        after: { further_attempts: 39 },
        tenantId: PLATFORM_TENANT,
        outcome: 'denied',
      },
    ])
  })

  it('by a flood of credentials from everywhere cost a bounded number of events', async () => {
    const trail = noted()
    const refusals = auditRefusals(refuse, trail, clock)
    for (let n = 0; n < 3000; n++) {
      const address = `10.${n >> 8}.${n & 255}.1`
      await expect((async () => refusals.authenticate('Bearer x', { address, resource: '' }))()).rejects.toThrow()
    }
    refusals.close()
    expect(trail.events.length).toBeLessThan(510)
    expect(trail.events.at(-1)).toMatchObject({ subject: 'many networks', after: { further_attempts: 2499 } })
  })

  it('of a vendor are told with how they ended, and counted as before', () => {
    const trail = noted()
    const counted: string[] = []
    const calls = auditVendorCalls({ finished: (...call) => void counted.push(call.join(' ')) }, trail)
    calls.finished('mail', 'send', 'ok', 0.5)
    calls.finished('oauth-client', 'metadata', '2xx', 0.5)
    calls.finished('mail', 'send', 'failed', 0.5)
    expect(counted).toEqual(['mail send ok 0.5', 'oauth-client metadata 2xx 0.5', 'mail send failed 0.5'])
    expect(trail.events).toMatchObject([
      { action: 'vendor.mail.send', outcome: 'success', tenantId: PLATFORM_TENANT },
      { action: 'vendor.oauth-client.metadata', outcome: 'success' },
      { action: 'vendor.mail.send', outcome: 'failure' },
    ])
  })
})

const refuse: Authenticate = () => {
  throw new Failure('unauthenticated', 'no')
}

async function subjects(tenantId: string): Promise<string[]> {
  const { rows } = await database.owner.query<{ subject: string }>(
    'select subject from audit.events where tenant_id = $1 order by subject',
    [tenantId],
  )
  return rows.map(({ subject }) => subject)
}
