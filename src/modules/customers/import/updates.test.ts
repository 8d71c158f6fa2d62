import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { testDatabase } from '../../../../test/support/database.ts'
import { testTenant } from '../../../../test/support/tenant.ts'
import { importFiles } from './import-files.ts'
import { parseMapping } from './parse-mapping.ts'
import { reportLines } from './report.ts'

const database = await testDatabase()

type Tenant = Awaited<ReturnType<typeof testTenant>>

const load = async (tenant: Tenant, files: Readonly<Record<string, string>>, mapping?: string) => {
  const sources = Object.entries(files).map(([name, content]) => ({
    name,
    open: () => Readable.from([Buffer.from(content)], { objectMode: false }),
  }))
  const chosen = mapping === undefined ? {} : { mapping: parseMapping(mapping, 'small.yaml') }
  const report = await importFiles(tenant.ctx(), sources, chosen)
  return {
    counts: report.steps.map(({ inserted, updated, alreadyStored }) => [inserted, updated, alreadyStored]),
    text: reportLines(report),
  }
}

const rows = async ({ tenantId }: Tenant, columns: string, table = 'customers') =>
  (
    await database.owner.query<unknown[]>({
      text: `select ${columns} from customers.${table} where tenant_id = $1 order by 1`,
      values: [tenantId],
      rowMode: 'array',
    })
  ).rows

it('a changed file updates what it has changed, and says how many rows are new, changed and unchanged', async () => {
  const tenant = await testTenant(database)
  const customers = (acme: string, more: string) =>
    `client_id,client_name,contract_start_date,contract_value\nacme,${acme}\nbolt,Bolt,2026-01-01,5\n${more}`
  const tickets = (status: string) =>
    `ticket_id,client_id,opened_at,status\nt1,acme,2026-03-01T10:00:00Z,${status}\nt2,bolt,2026-03-01T10:00:00Z,open\n`
  await load(tenant, { 'customers.csv': customers('Acme,2026-01-01,7', ''), 'tickets.csv': tickets('open') })

  const changed = {
    'customers.csv': customers('Acme Inc,2026-01-01,9.50', 'cord,Cord,2026-01-01,1\n'),
    'tickets.csv': tickets('closed'),
  }
  const { counts, text } = await load(tenant, changed)
  expect(counts).toEqual([
    [1, 1, 1],
    [0, 1, 1],
  ])
  expect(text).toContain('  customers.csv → customer: 3 read, 1 new, 1 changed, 1 unchanged, 0 rejected')
  expect(await rows(tenant, 'client_id, client_name, contract_value_cents::int, version::int')).toEqual([
    ['acme', 'Acme Inc', 950, 2],
    ['bolt', 'Bolt', 500, 1],
    ['cord', 'Cord', 100, 1],
  ])
  expect(await rows(tenant, 'ticket_id, status', 'tickets')).toEqual([
    ['t1', 'closed'],
    ['t2', 'open'],
  ])
  expect((await load(tenant, changed)).counts).toEqual([
    [0, 0, 3],
    [0, 0, 2],
  ])
})

it('an event that is stored is never updated, and the report does not call it unchanged', async () => {
  const tenant = await testTenant(database)
  const files = (name: string) => ({
    'customers.csv': 'client_id,client_name,contract_start_date\nacme,Acme,2026-01-01\n',
    'usage_events.csv': `message_id,client_id,occurred_at,event_name\nm1,acme,2026-03-04T10:00:00Z,${name}\n`,
  })
  await load(tenant, files('login'))
  const { text } = await load(tenant, files('logout'))
  expect(text).toContain('  usage_events.csv → usage_event: 1 read, 0 new, 1 already stored, 0 rejected')
  expect(await rows(tenant, 'event_name', 'usage_events')).toEqual([['login']])
})

const MAPPING = (more: string) => `
name: small
describe: Customers.
loads:
  - file: a.csv
    entity: customer
    fields:
      client_id: id
      client_name: name
      company_name: name
      contract_start_date: { constant: 2026-01-01 }
      csm_assigned: csm
      lifecycle_stage: { constant: active }
      attributes: { object: { region: region } }
${more}`

it('a field that the mapping keeps, a stage and other names of attributes stay as they are stored', async () => {
  const tenant = await testTenant(database)
  const mapping = MAPPING('    keep: [csm_assigned]')
  await load(tenant, { 'a.csv': 'id,name,csm,region\nacme,Acme,Ann,EU\n' }, mapping)
  await database.owner.query(
    `update customers.customers set lifecycle_stage = 'renewal', attributes = attributes || '{"plan": "gold"}'
     where tenant_id = $1`,
    [tenant.tenantId],
  )
  const again = await load(tenant, { 'a.csv': 'id,name,csm,region\nacme,Acme,Bob,EU\n' }, mapping)
  expect(again.counts).toEqual([[0, 0, 1]])
  const moved = await load(tenant, { 'a.csv': 'id,name,csm,region\nacme,Acme,Bob,US\n' }, mapping)
  expect(moved.counts).toEqual([[0, 1, 0]])
  expect(await rows(tenant, 'csm_assigned, lifecycle_stage, attributes')).toEqual([
    ['Ann', 'renewal', { region: 'US', plan: 'gold' }],
  ])
})

it('nothing is updated where the mapping skips stored rows', async () => {
  const tenant = await testTenant(database)
  const mapping = MAPPING('    stored: skip')
  await load(tenant, { 'a.csv': 'id,name,csm,region\nacme,Acme,Ann,EU\n' }, mapping)
  const { text } = await load(tenant, { 'a.csv': 'id,name,csm,region\nacme,New,Bob,US\n' }, mapping)
  expect(text).toContain('  a.csv → customer: 1 read, 0 new, 1 already stored, 0 rejected')
  expect(await rows(tenant, 'client_name')).toEqual([['Acme']])
})

it('what is derived from contracts is not reset by the file of customers', async () => {
  const tenant = await testTenant(database)
  const mapping = `
name: derived
describe: Customers whose value is the sum of their contracts.
loads:
  - file: a.csv
    entity: customer
    fields: { client_id: id, client_name: name, company_name: name, contract_start_date: start, contract_value: value, seats: seats }
  - file: b.csv
    entity: contract
    fields: { contract_id: id, client_id: customer, contract_value: value, start_date: start, included_users: seats }
    derive_contract_value: true
`
  const files = {
    'a.csv': 'id,name,start,value,seats\nacme,Acme,2024-01-01,7,1\n',
    'b.csv': 'id,customer,value,start,seats\nk1,acme,50,2024-01-01,9\n',
  }
  await load(tenant, files, mapping)
  expect((await load(tenant, files, mapping)).counts).toEqual([
    [0, 0, 1],
    [0, 0, 1],
  ])
  expect(await rows(tenant, 'contract_value_cents::int, seats')).toEqual([[5000, 9]])
})

it('a customer whose status changes to churned, and back, changes its stage, with its history', async () => {
  const tenant = await testTenant(database)
  const file = (acme: string, bolt: string) => ({
    'customers.csv': `client_id,client_name,contract_start_date,lifecycle_stage,status,churned_on\nacme,Acme,2024-01-01,renewal,${acme}\nbolt,Bolt,2024-01-01,engaged,${bolt}\n`,
  })
  await load(tenant, file('active,', 'active,'))
  await database.owner.query(
    `insert into customers.risk_indicators
       (tenant_id, client_id, indicator_name, category, severity, current_value, threshold_value, detected_at, updated_at)
     select tenant_id, client_id, 'usage', 'usage', 'low', 1, 1, now(), now() from customers.customers where tenant_id = $1`,
    [tenant.tenantId],
  )
  await load(tenant, file('churned,2026-02-01', 'active,'))
  expect(await rows(tenant, 'client_id, lifecycle_stage, status, churned_on::text')).toEqual([
    ['acme', 'churned', 'churned', '2026-02-01'],
    ['bolt', 'engaged', 'active', null],
  ])
  expect(await rows(tenant, 'client_id, resolved_at is not null', 'risk_indicators')).toEqual([
    ['acme', true],
    ['bolt', false],
  ])
  await load(tenant, file('active,', 'active,'))
  expect(await rows(tenant, 'client_id, lifecycle_stage, status, churned_on::text')).toEqual([
    ['acme', 'active', 'active', null],
    ['bolt', 'engaged', 'active', null],
  ])
  expect(await rows(tenant, 'from_stage, to_stage, client_id, automated', 'lifecycle_history')).toEqual([
    ['churned', 'active', 'acme', true],
    ['renewal', 'churned', 'acme', true],
  ])
})
