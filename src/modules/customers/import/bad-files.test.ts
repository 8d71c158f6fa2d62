import { Failure } from '#kernel/failure'
import { describe, expect, it } from 'vitest'
import { testDatabase } from '../../../../test/support/database.ts'
import { testTenant } from '../../../../test/support/tenant.ts'
import { importFiles } from './import-files.ts'
import { parseMapping } from './parse-mapping.ts'
import { rejectionLine } from './report.ts'
import type { Rejection } from './report.ts'
import { Readable } from 'node:stream'
import type { CsvSource } from './source.ts'

const database = await testDatabase()

const MAPPING = parseMapping(
  `
name: small
describe: Customers only.
loads:
  - file: customers.csv
    entity: customer
    fields:
      client_id: id
      client_name: name
      company_name: name
      contract_value: value
      contract_start_date: start
      tier: { column: tier, map: { Gold: enterprise, Tin: starter }, default: starter }
`,
  'small.yaml',
)
const HEADER = 'id,name,value,start,tier'

const bytes = (content: string | Buffer): CsvSource => ({
  name: 'customers.csv',
  open: () => Readable.from([Buffer.from(content)], { objectMode: false }),
})

const load = async (content: string | Buffer, tenant?: Awaited<ReturnType<typeof testTenant>>) => {
  const ctx = (tenant ?? (await testTenant(database))).ctx()
  const rejections: Rejection[] = []
  const report = await importFiles(ctx, [bytes(content)], {
    mapping: MAPPING,
    onRejected: (rejection) => void rejections.push(rejection),
  })
  return { step: report.steps[0], rejections: rejections.map(({ line, column, reason }) => [line, column, reason]) }
}

describe('a file', () => {
  it.each([
    ['that is empty', '', 'customers.csv is empty'],
    ['without a header', '\n1,2\n', 'no header'],
    ['with an unclosed quote in its header', 'id,"name\n1,2\n', 'The header of customers.csv cannot be read'],
    [
      'in two encodings',
      Buffer.concat([Buffer.from(`${HEADER}\na,Zoë,1,2026-01-01,\nb,Caf`), Buffer.from([0xe9, 0x0a])]),
      'is UTF-8 above line 3 and not UTF-8 in it',
    ],
    ['of half UTF-16 characters', Buffer.from([0xff, 0xfe, 0x69, 0x00, 0x64]), 'begins as UTF-16, and is not'],
    ['with zero bytes', Buffer.from(`${HEADER}\na,b`, 'utf16le'), 'is not text'],
    ['that is a spreadsheet', Buffer.from('PK\u0003\u0004'), 'spreadsheet'],
    ['that is compressed', Buffer.from([0x1f, 0x8b, 0x08]), 'is compressed'],
    ['without a column', 'id,name,value,tier\n', 'no column "start"'],
    ['with a column twice that the mapping reads', 'id,name,value,start,tier,id\n', 'two columns named "id"'],
  ])('%s is refused with a clear message', async (_name, content, words) => {
    await expect(load(content)).rejects.toMatchObject({ kind: 'invalid', message: expect.stringContaining(words) })
  })

  it('with a byte-order mark, CRLF, quotes, blank lines and line breaks in cells is parsed', async () => {
    const { step, rejections } = await load(
      `\ufeff${HEADER}\r\n"a","Say ""hi"",\r\nthere",1.50,2026-01-01,Gold\r\n\r\nb,B "x",2,2026-01-02,\r\n`,
    )
    expect(rejections).toEqual([])
    expect(step).toMatchObject({ read: 2, inserted: 2 })
  })

  it('is read row by row: each rejected row is reported with line, column and reason', async () => {
    const huge = 'x'.repeat(300)
    const { step, rejections } = await load(
      [
        HEADER,
        'a,A,1,2026-01-01,Gold',
        'b,,1,2026-01-01,Gold',
        'c,C,-1,2026-01-01,Gold',
        'd,D,1.234,2026-01-01,Gold',
        'e,E,1,2026-02-30,Gold',
        'f,F,1,2026-01-01,Silver',
        'g g,G,1,2026-01-01,Gold',
        `h,${huge},1,2026-01-01,Gold`,
        'i,I,1',
        'a,Again,1,2026-01-01,Gold',
        'j,J,,2026-01-01,__proto__',
        'k,K,1,2026-01-01,',
      ].join('\n'),
    )
    expect(rejections).toEqual([
      [10, '', 'wrong_cell_count'],
      [3, 'name', 'missing_value'],
      [4, 'value', 'out_of_range'],
      [5, 'value', 'not_money'],
      [6, 'start', 'not_date'],
      [7, 'tier', 'unknown_value'],
      [8, 'id', 'bad_format'],
      [9, 'name', 'too_long'],
      [11, 'key', 'repeated_key'],
      [12, 'tier', 'unknown_value'],
    ])
    expect(step).toMatchObject({ read: 12, inserted: 2 })
  })

  it('with an unclosed quote keeps the rows before it and says where reading stopped', async () => {
    const { step, rejections } = await load(
      `${HEADER}\na,A,1,2026-01-01,Gold\nb,"B,1,2026-01-01,Gold\nc,C,1,2026-01-01,Gold\n`,
    )
    expect(rejections).toEqual([[3, '', 'unclosed_quote']])
    expect(step).toMatchObject({ read: 2, inserted: 1 })
  })

  it('with an endless record keeps the rows before it, in bounded memory', async () => {
    const { step, rejections } = await load(
      `${HEADER}\na,A,1,2026-01-01,Gold\nb,${'x'.repeat(1_100_000)},1,2026-01-01,Gold\nc,C,1,,\n`,
    )
    expect(rejections).toEqual([[3, '', 'record_too_large']])
    expect(step).toMatchObject({ read: 2, inserted: 1 })
  })

  it('is refused to a read-only caller, and is invisible to another tenant', async () => {
    const [mine, other] = [await testTenant(database), await testTenant(database)]
    const content = `${HEADER}\na,A,1,2026-01-01,Gold\n`
    const reader = mine.ctx({ scopes: ['customers:read'] })
    await expect(importFiles(reader, [bytes(content)], { mapping: MAPPING })).rejects.toMatchObject({
      kind: 'forbidden',
    })
    await load(content, mine)
    expect((await load(content, other)).step).toMatchObject({ inserted: 1 })
  })
})

describe('a mapping', () => {
  it.each([
    ['loads: [', 'not valid YAML'],
    ['name: x\ndescribe: d\nloads: []', 'loads: expected'],
    ['name: x\ndescribe: d\nloads:\n  - { file: a.csv, entity: planet, fields: {} }', 'loads.0.entity'],
    [
      'name: x\ndescribe: d\nloads:\n  - { file: a.csv, entity: contact, fields: { contact_id: a, client_id: b, moon: c } }',
      'loads.0.fields.moon: expected a field of contact',
    ],
    [
      'name: x\ndescribe: d\nloads:\n  - { file: a.csv, entity: contact, fields: { contact_id: a } }',
      'loads.0.fields.client_id: expected a source',
    ],
    [
      'name: x\ndescribe: d\nloads:\n  - { file: a.csv, entity: contact, fields: { contact_id: a, client_id: { from: nowhere, field: id } } }',
      'expected a lookup of this load',
    ],
    ['name: x\ndescribe: d\nspeed: 9\nloads: []', 'speed'],
  ])('that is invalid is refused with the path: %j', (text, words) => {
    let message = 'nothing'
    try {
      parseMapping(text, 'm.yaml')
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      message = [error.message, ...error.problems.map(({ path, expected }) => `${path}: expected ${expected}`)].join(
        '; ',
      )
    }
    expect(message).toContain(words)
  })
})

it('a rejected row is listed without spreadsheet formulas', () => {
  const line = rejectionLine({
    file: 'a.csv',
    entity: 'customer',
    line: 2,
    column: 'name',
    value: '=cmd()',
    reason: 'r',
    expected: 'a, b',
  })
  expect(line).toBe(`a.csv,2,name,'=cmd(),customer,r,"a, b"`)
})
