import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { testDatabase } from '../../../../../test/support/database.ts'
import { testTenant } from '../../../../../test/support/tenant.ts'
import { importPaths } from '../import-paths.ts'
import { suggestMapping } from './suggest-mapping.ts'

const database = await testDatabase()
const examples = path.join(import.meta.dirname, '..', '..', '..', '..', '..', 'docs', 'examples')
const suggest = (folder: string) => suggestMapping([folder], new AbortController().signal)

async function folderOf(files: Readonly<Record<string, string | Buffer>>): Promise<string> {
  const folder = path.join(await mkdtemp(path.join(os.tmpdir(), 'plimsoll-suggest-')))
  onTestFinished(() => rm(folder, { recursive: true }))
  for (const [name, content] of Object.entries(files)) await writeFile(path.join(folder, name), content)
  return folder
}

describe('a suggested mapping', () => {
  it('reads headers, formats and choices from the files, and says what it does not know', async () => {
    const folder = await folderOf({
      'accounts.csv': Buffer.from(
        'Account ID;Account Name;Plan;ARR;Customer Since;Colour\nA1;Caf\xe9;Pro;$1,200.00;01/15/2025;red\nA2;Bar;Gold;$30.50;12/31/2024;\nA3;Baz;Pro;twelve;13/45/2025;\n',
        'latin1',
      ),
      'invoices.csv': 'Invoice,Account ID,Total\nI1,A1,20.00\n',
      'people.csv': 'Record ID,First Name,Last Name,Email,Account Name\n1,Ada,Byron,ada@example.com,Café\n',
      'weather.csv': 'Wind,Rain\n1,2\n',
    })
    const text = (await suggest(folder)).replace(/plimsoll_suggest_\w+/g, 'folder')
    expect(text).toMatchInlineSnapshot(`
      "# Suggested from the headers and first rows of the files. Review it, then import with --map and --dry-run.
      name: folder
      describe: folder, suggested from its files.
      loads:
        # Windows-1252, cells separated by semicolons
        - file: accounts.csv
          entity: customer
          formats: { date: MM/DD/YYYY, number: "$1,234.56" }
          fields:
            client_id:           Account ID
            client_name:         Account Name
            company_name:        Account Name
            tier:                { column: Plan, map: { Pro: professional } }   # add "Gold": one of starter, standard, professional, enterprise
            contract_value:      ARR   # not read: twelve
            contract_start_date: Customer Since   # not read: 13/45/2025
          # Columns not used: Colour

        # UTF-8, cells separated by commas
        - file: people.csv
          entity: contact
          lookups: { account: { entity: customer, by: client_name, key: Account Name } }
          fields:
            client_id:  { from: account, field: client_id }
            contact_id: Record ID
            email:      Email
            name:       { template: "{First Name} {Last Name}" }

        # UTF-8, cells separated by commas
        - file: invoices.csv
          entity: payment
          fields:
            # due_on: required, and no column was recognised; name one, or { constant: … }
            payment_id: Invoice
            client_id:  Account ID
            amount:     Total

        # weather.csv: what it holds was not recognised.
      "
    `)
  })

  it.each([
    [
      'hubspot',
      [
        ['customer', 3, 1],
        ['contact', 3, 0],
        ['contract', 3, 0],
      ],
    ],
    [
      'salesforce',
      [
        ['customer', 3, 0],
        ['contract', 2, 0],
        ['ticket', 2, 1],
      ],
    ],
    [
      'zendesk',
      [
        ['customer', 2, 0],
        ['contact', 2, 0],
        ['ticket', 4, 0],
      ],
    ],
  ])('of the files of %s is valid, and imports nearly all of them unreviewed', async (name, expected) => {
    const mapping = path.join(
      await folderOf({ 'mapping.yaml': await suggest(path.join(examples, name)) }),
      'mapping.yaml',
    )
    const tenant = await testTenant(database)
    const report = await importPaths(tenant.ctx(), [path.join(examples, name)], { mapping, dryRun: true })
    expect(report.steps.map(({ entity, inserted, rejected }) => [entity, inserted, rejected])).toEqual(expected)
  })

  it('is not made of files that nothing is known of', async () => {
    const folder = await folderOf({ 'weather.csv': 'Wind,Rain\n1,2\n' })
    await expect(suggest(folder)).rejects.toThrow('weather.csv: Wind, Rain')
  })
})
