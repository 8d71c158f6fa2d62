import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { testDatabase } from '../../../../test/support/database.ts'
import { testTenant } from '../../../../test/support/tenant.ts'
import { entities } from './entities.ts'
import { importFiles } from './import-files.ts'
import type { Rejection } from './report.ts'
import type { CsvSource } from './source.ts'

const database = await testDatabase()

const file = (name: string, content: string): CsvSource => ({
  name,
  open: () => Readable.from([Buffer.from(content)], { objectMode: false }),
})

/** Every entity with nothing but the columns it cannot do without, in the order they depend on each other. */
const LEAST: Readonly<Record<string, string>> = {
  'customers.csv': 'client_id,client_name,contract_start_date\nacme,Acme,2026-01-01',
  'contacts.csv': 'contact_id,client_id\nc1,acme',
  'contracts.csv': 'contract_id,client_id,contract_value,start_date\nk1,acme,1200,2026-01-01',
  'payments.csv': 'payment_id,client_id,amount,due_on\np1,acme,100,2026-02-01',
  'tickets.csv': 'ticket_id,client_id,opened_at\nt1,acme,2026-03-01T10:00:00Z',
  'survey_answers.csv': 'answer_id,client_id,kind,score,responded_at\ns1,acme,nps,9,2026-03-02T10:00:00Z',
  'timeline_events.csv':
    'event_id,client_id,occurred_at,event_type,category,title\ne1,acme,2026-03-03T10:00:00Z,communication,call,Called',
  'usage_events.csv': 'message_id,client_id,occurred_at,event_name\nm1,acme,2026-03-04T10:00:00Z,login',
}

it('files in the product’s own format may omit every optional column', async () => {
  const { ctx } = await testTenant(database)
  const rejections: Rejection[] = []
  const sources = Object.entries(LEAST).map(([name, content]) => file(name, content))
  const report = await importFiles(ctx(), sources, { onRejected: (rejection) => void rejections.push(rejection) })
  expect(rejections).toEqual([])
  expect(
    report.steps.map(({ entity, inserted }) => `${entity} ${inserted}`).toSorted((a, b) => a.localeCompare(b)),
  ).toEqual(
    Object.keys(entities)
      .map((entity) => `${entity} 1`)
      .toSorted((a, b) => a.localeCompare(b)),
  )
  const stored = await database.owner.query<{ company_name: string; tier: string }>(
    'select company_name, tier from customers.customers where tenant_id = $1',
    [ctx().tenantId],
  )
  expect(stored.rows).toEqual([{ company_name: 'Acme', tier: 'standard' }])
})

it('a missing required column is named', async () => {
  const { ctx } = await testTenant(database)
  const sources = [file('customers.csv', 'client_id,client_name\nacme,Acme')]
  await expect(importFiles(ctx(), sources)).rejects.toThrow('contract_start_date')
})

it('one value of every kind is stored exactly: money to the cent, times in UTC', async () => {
  const { ctx } = await testTenant(database)
  const head = 'client_id,client_name,contract_start_date,contract_value,seats,last_engagement_at'
  const customers = [
    ['acme', ' Acme ', '2026-01-31', '1200.5', '7', '2026-03-04 00:30:00+01:00'],
    ['bolt', 'Bolt', '2024-02-29', '0.05', '0', '2026-03-04'],
  ]
  const payments = ['p1,acme,-12.34,2026-02-01', 'p2,acme,7,2026-02-01', 'p3,acme,1.15,2026-02-01']
  await importFiles(ctx(), [
    file('customers.csv', [head, ...customers.map((cells) => cells.join(','))].join('\n')),
    file('payments.csv', ['payment_id,client_id,amount,due_on', ...payments].join('\n')),
    file('contacts.csv', 'contact_id,client_id,is_primary\nc1,acme,Yes\nc2,acme,0'),
    file(
      'usage_events.csv',
      `message_id,client_id,occurred_at,event_name,duration_seconds
m1,acme,2026-03-04T10:00:00.250Z,login,1.5`,
    ),
  ])
  const read = async (columns: string, table: string) => {
    const sql = `select ${columns} from customers.${table} where tenant_id = $1 order by 1`
    return (await database.owner.query<unknown[]>({ text: sql, values: [ctx().tenantId], rowMode: 'array' })).rows
  }
  const columns = `client_id, client_name, contract_start_date::text, contract_value_cents::int, seats,
    to_char(last_engagement_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI')`
  expect(await read(columns, 'customers')).toEqual([
    ['acme', 'Acme', '2026-01-31', 120_050, 7, '2026-03-03 23:30'],
    ['bolt', 'Bolt', '2024-02-29', 5, 0, '2026-03-04 00:00'],
  ])
  expect(await read('external_id, amount_cents::int', 'payments')).toEqual([
    ['p1', -1234],
    ['p2', 700],
    ['p3', 115],
  ])
  expect(await read('external_id, is_primary', 'contacts')).toEqual([
    ['c1', true],
    ['c2', false],
  ])
  expect(await read(`duration_seconds::float8, extract(milliseconds from occurred_at)::int`, 'usage_events')).toEqual([
    [1.5, 250],
  ])
})

it('an id of nineteen digits and a number beyond 2^53 in JSON keep every digit', async () => {
  const { ctx } = await testTenant(database)
  const events = [
    'message_id,client_id,occurred_at,event_name,user_id,properties',
    'm1,acme,2026-03-04T10:00:00Z,login,1234567890123456781,"{""n"": 1234567890123456799}"',
  ]
  await importFiles(ctx(), [
    file('customers.csv', 'client_id,client_name,contract_start_date\nacme,Acme,2026-01-01'),
    file('usage_events.csv', events.join('\n')),
  ])
  const stored = await database.owner.query(
    "select user_id, properties ->> 'n' as n from customers.usage_events where tenant_id = $1",
    [ctx().tenantId],
  )
  expect(stored.rows).toEqual([{ user_id: '1234567890123456781', n: '1234567890123456799' }])
})
