import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { Failure } from '#kernel/failure'
import { testDatabase } from '../../../../test/support/database.ts'
import { testTenant } from '../../../../test/support/tenant.ts'
import { dateFormat } from './date-format.ts'
import { importFiles } from './import-files.ts'
import { parseMapping } from './parse-mapping.ts'
import { numberFormat } from './number-format.ts'
import type { Rejection } from './report.ts'

const database = await testDatabase()

const customers = (load: string) =>
  parseMapping(
    `name: small\ndescribe: Customers.\nloads:\n  - file: a.csv\n    entity: customer\n${load.replace(/^/gm, '    ')}`,
    'small.yaml',
  )

/** Imports `a.csv` as customers and returns the chosen columns of each, and what was rejected. */
const load = async (mapping: string, lines: readonly string[], columns: string) => {
  const { ctx, tenantId } = await testTenant(database)
  const rejections: Rejection[] = []
  const source = { name: 'a.csv', open: () => Readable.from([Buffer.from(lines.join('\n'))], { objectMode: false }) }
  await importFiles(ctx(), [source], {
    mapping: customers(mapping),
    onRejected: (each) => void rejections.push(each),
  })
  const { rows } = await database.owner.query<unknown[]>({
    text: `select ${columns} from customers.customers where tenant_id = $1 order by client_id`,
    values: [tenantId],
    rowMode: 'array',
  })
  return { rows, rejected: rejections.map(({ line, column, reason, expected }) => [line, column, reason, expected]) }
}

describe('a number', () => {
  it.each([
    ['$1,234.56', ['$1,200.00', '1200.00'], ['1,200', '1200'], ['-$12.5', '-12.5'], ['($1,200)', '-1200'], ['+7', '7']],
    ['1.234,56 €', ['1.200,00 €', '1200.00'], ['12.345.678', '12345678'], ['−3,5', '-3.5'], ['€ 5-', '-5']],
    ['1 234,56', ['1\u00a0200,5', '1200.5'], ['1\u202f200', '1200']],
    ["1'234.56", ["12'000", '12000']],
    ['1234', ['1200', '1200']],
    ['12.5%', ['45%', '0.45'], ['4.25 %', '0.0425'], ['100', '1.00'], ['-0.5%', '-0.005']],
  ])('written like %s is read', (example, ...cells) => {
    const format = numberFormat(example)
    expect(cells.map(([cell = '']) => [cell, format?.toPlain(cell)])).toEqual(cells)
  })

  it.each([
    ['$1,234.56', '€1,200', '1.200,00', '1,20', '12,00,000', '$', '', '1200.', 'x'],
    ['1.234,56', '$5', '1,200.00', '1.2'],
    ['1234', '1,200', '1.5'],
  ])('that is not written like %s is not', (example, ...cells) => {
    expect(cells.map((cell) => numberFormat(example)?.toPlain(cell))).toEqual(cells.map(() => undefined))
  })

  it.each(['', '5', '1,234,56', '1.2.3', 'MM/DD', '1234.5678x9'])('has no format such as %j', (example) => {
    expect(numberFormat(example)).toBeUndefined()
  })
})

describe('a date', () => {
  it.each([
    ['MM/DD/YYYY', ['01/15/2025', '2025-01-15']],
    [
      'M/D/YYYY, h:mm A',
      ['1/5/2025, 3:45 PM', '2025-01-05 15:45:00Z'],
      ['12/31/2025, 12:00 am', '2025-12-31 00:00:00Z'],
    ],
    ['DD.MM.YY', ['15.01.25', '2025-01-15'], ['15.01.99', '1999-01-15']],
    ['D MMM YYYY', ['3 Sept. 2025', '2025-09-03'], ['31 january 2025', '2025-01-31']],
    ['YYYY-MM', ['2025-03', '2025-03-01']],
    ['YYYYMMDD', ['20250131', '2025-01-31']],
    [
      'YYYY-MM-DD HH:mm Z',
      ['2025-01-02 03:04 +0100', '2025-01-02 03:04:00+0100'],
      ['2025-01-02 03:04 UTC', '2025-01-02 03:04:00Z'],
    ],
  ])('written as %s is read', (pattern, ...cells) => {
    const format = dateFormat(pattern)
    expect(cells.map(([cell = '']) => [cell, format?.toIso(cell)])).toEqual(cells)
  })

  it.each([
    ['MM/DD/YYYY', '1/15/2025', '01-15-2025', '01/15/25', ' 01/15/2025x'],
    ['M/D/YYYY h:mm A', '1/5/2025 13:00 PM', '1/5/2025 0:00 AM', '1/5/2025'],
  ])('that is not written as %s is not', (pattern, ...cells) => {
    expect(cells.map((cell) => dateFormat(pattern)?.toIso(cell))).toEqual(cells.map(() => undefined))
  })

  it.each(['', 'MM/DD', 'DD/YYYY', 'MM/MM/YYYY', 'YYYY hh:mm', 'YYYY mm', 'date'])(
    'has no format such as %j',
    (pattern) => {
      expect(dateFormat(pattern)).toBeUndefined()
    },
  )
})

describe('a mapping', () => {
  it('states how its file writes dates, times and numbers, and a field may differ', async () => {
    const { rows, rejected } = await load(
      `
formats: { date: MM/DD/YYYY, time: 'M/D/YYYY, h:mm A', number: '$1,234.56' }
fields:
  client_id: id
  client_name: id
  company_name: id
  contract_start_date: start
  contract_end_date: { column: end, format: DD.MM.YYYY }
  contract_value: value
  seats: seats
  last_engagement_at: seen
  attributes:
    object:
      probability: { column: probability, format: 12.5% }
      reviewed: { column: reviewed, format: MMM YYYY }
      budget: { column: budget, format: '1.234,56' }
      region: { column: region, map: { EMEA: europe }, default: unknown }`,
      [
        'id;start;end;value;seats;seen;probability;reviewed;budget;region',
        'a;01/15/2025;31.12.2026;$1,200.00;1,500;1/5/2025, 3:45 PM;45%;Mar 2025;1.200,50;emea',
        'b;01/15/2025;;0;;;;;;',
        'c;2025-01-15;12/31/2026;1.200,00;1.5;yesterday;45;soon;1,200.50;APAC',
        'd;13/01/2025;;;;;;;;',
      ],
      `client_id, contract_start_date::text, contract_end_date::text, contract_value_cents::int, seats,
       to_char(last_engagement_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI'), attributes`,
    )
    expect(rows).toEqual([
      [
        'a',
        '2025-01-15',
        '2026-12-31',
        120_000,
        1500,
        '2025-01-05 15:45',
        { probability: 0.45, reviewed: '2025-03-01', budget: 1200.5, region: 'europe' },
      ],
      ['b', '2025-01-15', null, 0, null, null, { probability: null, reviewed: null, budget: null, region: 'unknown' }],
    ])
    expect(rejected).toEqual([
      [4, 'start', 'not_date', 'a date like MM/DD/YYYY'],
      [4, 'end', 'not_date', 'a date like DD.MM.YYYY'],
      [4, 'value', 'not_money', 'an amount like $1,234.56'],
      [4, 'seats', 'not_integer', 'a whole number'],
      [4, 'seen', 'not_timestamp', 'a date or time like M/D/YYYY, h:mm A'],
      [4, 'reviewed', 'not_date', 'a date like MMM YYYY'],
      [5, 'start', 'not_date', 'a date like MM/DD/YYYY'],
    ])
  })

  it('maps values whatever their case, and stores a default as it is', async () => {
    const { rows, rejected } = await load(
      `
fields:
  client_id: id
  client_name: id
  company_name: id
  contract_start_date: { constant: 2026-01-01 }
  contract_value: { column: value, default: 10, format: '1.234,56' }
  tier: { column: plan, map: { Gold: enterprise, Tin: starter, tin: standard }, default: professional }
  lifecycle_stage: { column: stage, default: onboarding }`,
      [
        'id,plan,stage,value',
        'a,GOLD,At risk,5',
        'b,Tin,,"5,50"',
        'c,tin,CHURNED,',
        'd,,at-risk,1',
        'e,Professional,later,1',
      ],
      'client_id, tier, lifecycle_stage, contract_value_cents::int',
    )
    expect(rows).toEqual([
      ['a', 'enterprise', 'at_risk', 500],
      ['b', 'starter', 'onboarding', 550],
      ['c', 'standard', 'churned', 1000],
      ['d', 'professional', 'at_risk', 100],
    ])
    expect(rejected).toEqual([
      [6, 'plan', 'unknown_value', 'one of Gold, Tin, tin'],
      [6, 'stage', 'unknown_value', expect.stringMatching(/^one of prospect, /)],
    ])
  })

  it('computes a start from the months that a customer has stayed up to a date, and a time from hours', async () => {
    const { rows, rejected } = await load(
      `
fields:
  client_id: id
  client_name: id
  company_name: id
  contract_start_date: { constant: 2025-03-31, minus: { column: tenure, unit: months } }
  renewal_date: { column: signed, plus: { column: days, unit: days } }
  last_engagement_at: { column: opened, plus: { column: hours, unit: hours }, minus: { column: days, unit: days } }`,
      [
        'id,tenure,signed,days,opened,hours',
        'a,13,2024-12-31,90,2025-03-01 08:00,1.5',
        'b,0,2024-12-31,,,',
        'c,,,,,',
        'd,1.5,,,2025-03-01,soon',
        'e,9999999,,,,',
      ],
      `client_id, contract_start_date::text, renewal_date::text,
       to_char(last_engagement_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI')`,
    )
    expect(rows).toEqual([
      ['a', '2024-02-29', '2025-03-31', '2024-12-01 09:30'],
      ['b', '2025-03-31', null, null],
    ])
    expect(rejected).toEqual([
      [4, 'tenure', 'missing_value', 'a number of months'],
      [5, 'tenure', 'not_integer', 'a whole number of months'],
      [5, 'hours', 'not_decimal', 'a number of hours'],
      [6, 'tenure', 'out_of_range', 'a number of months that leads to a year from 1900 to 2199'],
    ])
  })

  it.each([
    ['contract_start_date: { column: a, format: "12" }', 'contract_start_date.format: a pattern of YYYY'],
    ['contract_value: { column: a, format: MM/DD }', 'contract_value.format: the number 1234.56'],
    ['contract_value: { column: a, format: 12% }', 'contract_value.format: no percentage'],
    ['client_name: { column: a, format: YYYY }', 'client_name.format: no format'],
    ['seats: { column: a, format: "1,234", map: { x: 1 } }', 'seats.map: a map or a format'],
    ['seats: { column: a, unit: hours }', 'seats.unit: no unit'],
    ['seats: { column: a, above: 1 }', 'seats.above: no limit'],
    ['seats: { column: a, plus: { column: b, unit: days } }', 'seats.plus: no amount'],
    ['renewal_date: { column: a, plus: { column: b, unit: hours } }', 'renewal_date.plus.unit: days, weeks'],
    ['seats: { object: { a: b } }', 'seats.object: no object'],
    ['attributes: { object: { a: { column: b, format: x } } }', 'attributes.object.a.format: a pattern of'],
    ['seats: { from: nowhere, field: x }', 'seats.from: a lookup of this load'],
  ])('whose field cannot be read so is refused: %s', (field, words) => {
    const needed = ['client_id', 'client_name', 'company_name', 'contract_start_date']
    const others = needed.filter((name) => !field.startsWith(`${name}:`)).map((name) => `  ${name}: a`)
    expect(problemsOf(() => customers(['fields:', `  ${field}`, ...others].join('\n')))).toEqual([
      expect.stringContaining(`loads.0.fields.${words}`),
    ])
  })

  it('whose formats are none is refused', () => {
    const fields = 'fields: { client_id: a, client_name: a, company_name: a, contract_start_date: a }'
    const problems = problemsOf(() => customers(`formats: { date: soon, time: MM, number: 50% }\n${fields}`))
    expect(problems.map((problem) => problem.split(':')[0])).toEqual([
      'loads.0.formats.date',
      'loads.0.formats.time',
      'loads.0.formats.number',
    ])
  })
})

function problemsOf(act: () => unknown): string[] {
  try {
    act()
  } catch (error) {
    if (error instanceof Failure) return error.problems.map(({ path, expected }) => `${path}: ${expected}`)
    throw error
  }
  return []
}
