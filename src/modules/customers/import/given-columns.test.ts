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

it('files of the product’s own form may leave out every column it can do without', async () => {
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

it('a column that is needed is asked for by name', async () => {
  const { ctx } = await testTenant(database)
  const sources = [file('customers.csv', 'client_id,client_name\nacme,Acme')]
  await expect(importFiles(ctx(), sources)).rejects.toThrow('contract_start_date')
})
