import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { testDatabase } from '../../../../test/support/database.ts'
import { testTenant } from '../../../../test/support/tenant.ts'
import { importFiles } from './import-files.ts'
import type { ImportOptions } from './import-files.ts'
import { parseMapping } from './parse-mapping.ts'
import { reportLines } from './report.ts'
import type { Rejection } from './report.ts'

const database = await testDatabase()

const load = async (files: Readonly<Record<string, string>>, options: ImportOptions = {}) => {
  const { ctx } = await testTenant(database)
  const rejections: Rejection[] = []
  const sources = Object.entries(files).map(([name, content]) => ({
    name,
    open: () => Readable.from([Buffer.from(content)], { objectMode: false }),
  }))
  const report = await importFiles(ctx(), sources, { ...options, onRejected: (each) => void rejections.push(each) })
  const told = rejections.map(({ file, line, column, reason }) => `${file}:${line} ${column} ${reason}`)
  return { report, told, text: reportLines(report) }
}

it('a column that no load reads is named, with the one its author may have meant, in a dry run too', async () => {
  const files = {
    'customers.csv':
      'client_id,client_name,contract_start_date,contract_vale,Seats,country,\nacme,Acme,2026-01-01,1200,5,DE,\n',
  }
  for (const dryRun of [true, false]) {
    const { report, text } = await load(files, { dryRun })
    expect(report.files[0]?.unusedColumns).toEqual([
      { column: 'contract_vale', meant: 'contract_value' },
      { column: 'Seats', meant: 'seats' },
      { column: 'country' },
    ])
    expect(text.slice(1, 4)).toEqual([
      '  customers.csv: the column "contract_vale" is not used. Did you mean "contract_value"?',
      '  customers.csv: the column "Seats" is not used. Did you mean "seats"?',
      '  customers.csv: columns not used: country',
    ])
  }
})

it('a column that fills one of several loads, a key, a condition or a flag is used', async () => {
  const mapping = parseMapping(
    `
name: small
describe: Customers, and their contacts in the same file.
loads:
  - file: all.csv
    entity: customer
    where: { column: kind, is: company }
    fields: { client_id: id, client_name: name, company_name: name, contract_start_date: start }
    flags: [{ name: no_phone, describe: no phone, missing: phone }]
  - file: all.csv
    entity: contact
    lookups: { company: { entity: customer, key: company } }
    where: { column: kind, is: person }
    fields: { contact_id: id, client_id: { from: company, field: client_id } }
`,
    'small.yaml',
  )
  const { report } = await load(
    {
      'all.csv': 'id,kind,name,start,phone,company,shoe_size\nacme,company,Acme,2026-01-01,,,\nann,person,,,,acme,38\n',
    },
    { mapping },
  )
  expect(report.files[0]?.unusedColumns).toEqual([{ column: 'shoe_size' }])
  expect(report.steps.map(({ inserted }) => inserted)).toEqual([1, 1])
})

it('a column that is missing is named with the one that is alike', async () => {
  const mapping = parseMapping(
    `
name: small
describe: Customers.
loads:
  - file: a.csv
    entity: customer
    fields: { client_id: Id, client_name: Account Name, company_name: Account Name, contract_start_date: Start }
`,
    'small.yaml',
  )
  await expect(load({ 'a.csv': 'Id,Acount Name,Start\n' }, { mapping })).rejects.toThrow(
    'a.csv has no column "Account Name". Is it "Acount Name"? It has: Id, Acount Name, Start.',
  )
})

it('everything that is wrong with a row is told, each column once', async () => {
  const { report, told } = await load({
    'customers.csv':
      'client_id,client_name,contract_start_date,contract_value,seats\na a,,2026-02-30,many,-1\nbolt,Bolt,2026-01-01,1,1\n',
  })
  expect(told).toEqual([
    'customers.csv:2 client_id bad_format',
    'customers.csv:2 client_name missing_value',
    'customers.csv:2 contract_value not_money',
    'customers.csv:2 contract_start_date not_date',
    'customers.csv:2 seats out_of_range',
  ])
  expect(report.steps[0]).toMatchObject({ read: 2, inserted: 1, rejected: 1 })
})

it('rows that belong to a rejected row are counted apart from faults of their own', async () => {
  const { report, told, text } = await load({
    'customers.csv': 'client_id,client_name,contract_start_date\nacme,,2026-01-01\nbolt,Bolt,2026-01-01\ncord,Cord\n',
    'contacts.csv': 'contact_id,client_id\nc1,acme\nc2,bolt\nc3,nobody\nc4,cord\n',
    'contracts.csv':
      'contract_id,client_id,contract_value,start_date\nk1,acme,1200,2026-01-01\nk2,acme,-1,2026-01-01\n',
  })
  expect(told).toEqual([
    'customers.csv:4  wrong_cell_count',
    'customers.csv:2 client_name missing_value',
    'contacts.csv:2 client_id rejected_customer',
    'contacts.csv:4 client_id unknown_customer',
    'contacts.csv:5 client_id rejected_customer',
    'contracts.csv:2 client_id rejected_customer',
    'contracts.csv:3 client_id rejected_customer',
    'contracts.csv:3 contract_value out_of_range',
  ])
  expect(
    report.steps.map(({ read, inserted, rejected, rejectedWithParent }) => [
      read,
      inserted,
      rejected,
      rejectedWithParent,
    ]),
  ).toEqual([
    [3, 1, 2, 0],
    [4, 1, 1, 2],
    [2, 0, 1, 1],
  ])
  expect(text).toContain(
    '  contracts.csv → contract: 2 read, 0 new, 0 changed, 0 unchanged, 1 rejected, 1 rejected with the row they belong to',
  )
})

it('a row is found by a name or an address, whatever its case, unless several have it', async () => {
  const mapping = parseMapping(
    `
name: by_name
describe: Tickets that name their customer, or only the address of their requester.
loads:
  - file: companies.csv
    entity: customer
    fields: { client_id: id, client_name: name, company_name: name, contract_start_date: start }
  - file: people.csv
    entity: contact
    lookups: { company: { entity: customer, by: client_name, key: company } }
    fields: { contact_id: id, client_id: { from: company, field: client_id }, email: email }
  - file: tickets.csv
    entity: ticket
    lookups: { requester: { entity: contact, by: email, key: requester } }
    fields: { ticket_id: id, client_id: { from: requester, field: client_id }, opened_at: opened }
`,
    'by-name.yaml',
  )
  const { report, told } = await load(
    {
      'companies.csv':
        'id,name,start\nc1,Acme Inc,2026-01-01\nc2,Twin,2026-01-01\nc3,twin,2026-01-01\nc4,Late Ltd,soon\n',
      'people.csv':
        'id,company,email\np1,ACME inc,Ann@acme.example\np2,Twin,bob@twin.example\np3,late ltd,cy@late.example\np4,None,d@x.example\n',
      'tickets.csv': 'id,requester,opened\nt1,ann@ACME.example,2026-03-01\nt2,CY@late.example,2026-03-01\n',
    },
    { mapping },
  )
  expect(told).toEqual([
    'companies.csv:5 start not_date',
    'people.csv:3 company ambiguous_company',
    'people.csv:4 company rejected_company',
    'people.csv:5 company unknown_company',
    'tickets.csv:3 requester rejected_requester',
  ])
  expect(report.steps.map(({ inserted }) => inserted)).toEqual([3, 1, 1])
})
