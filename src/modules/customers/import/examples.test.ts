import { readFile, readdir } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { testDatabase } from '../../../../test/support/database.ts'
import { testTenant } from '../../../../test/support/tenant.ts'
import { importPaths } from './import-paths.ts'
import { LoadSchema } from './mapping.ts'
import { parseMapping } from './parse-mapping.ts'
import type { Rejection } from './report.ts'

const database = await testDatabase()
const docs = path.join(import.meta.dirname, '..', '..', '..', '..', 'docs')
const example = (name: string) => path.join(docs, 'examples', name)

async function imported(name: string) {
  const tenant = await testTenant(database)
  const rejections: Rejection[] = []
  const report = await importPaths(tenant.ctx(), [example(name)], {
    mapping: path.join(example(name), 'mapping.yaml'),
    onRejected: (each) => void rejections.push(each),
  })
  const rows = async (table: string, columns: string) => {
    const found = await database.owner.query<Record<string, unknown>>(
      `select ${columns} from customers.${table} where tenant_id = $1 order by 1`,
      [tenant.tenantId],
    )
    return found.rows.map((row) => Object.values(row))
  }
  const steps = report.steps.map(({ entity, inserted, filteredOut, rejected }) => [
    entity,
    inserted,
    filteredOut,
    rejected,
  ])
  return { steps, rejections, rows }
}

describe('the example', () => {
  it('of HubSpot is imported: deals are contracts, leads no customers', async () => {
    const { steps, rejections, rows } = await imported('hubspot')
    expect(rejections).toEqual([])
    expect(steps).toEqual([
      ['customer', 3, 1, 0],
      ['contact', 3, 0, 0],
      ['contract', 3, 2, 0],
    ])
    expect(
      await rows('customers', `client_name, lifecycle_stage, contract_start_date::text, contract_value_cents`),
    ).toEqual([
      // The test's day is in 2026: only the second contract still runs.
      ['Brightwell Foods', 'active', '2023-05-11', 0],
      ['Halden & Sons, Ltd.', 'active', '2023-01-09', 640_050],
      ['Nordlys Energi', 'engaged', '2024-02-19', 0],
    ])
    expect(await rows('contracts', 'contract_id, end_date::text')).toEqual([
      ['7001', '2025-05-11'],
      ['7002', '2027-01-09'],
      ['7003', '2026-02-19'],
    ])
  })

  it('of Salesforce is imported: semicolons, Windows-1252, euros, and cases that name their account', async () => {
    const { steps, rejections, rows } = await imported('salesforce')
    expect(rejections).toEqual([])
    expect(steps).toEqual([
      ['customer', 3, 0, 0],
      ['contract', 2, 1, 0],
      ['ticket', 3, 0, 0],
    ])
    expect(
      await rows('customers', `client_name, status, contract_value_cents, csm_assigned, attributes ->> 'discount'`),
    ).toEqual([
      ['Café Crème SARL', 'active', 960_000, 'Zoë Lefèvre', null],
      ['Müller & Söhne GmbH', 'active', 4_800_000, 'Jürgen Weiß', '0.125'],
      ['Ålesund Fisk AS', 'churned', 120_000, 'Jürgen Weiß', '0'],
    ])
    const times = `to_char(first_response_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI')`
    expect(await rows('tickets', `ticket_id, client_id, status, ${times}`)).toEqual([
      ['00001026', '0015g00000AbCdEAAV', 'closed', '2025-03-04 10:42'],
      ['00001027', '0015g00000AbCdFAAV', 'waiting_on_customer', '2025-03-12 10:05'],
      ['00001028', '0015g00000AbCdEAAV', 'in_progress', null],
    ])
  })

  it('of Zendesk is imported: a ticket belongs to the customer of its requester, and has a rating', async () => {
    const { steps, rejections, rows } = await imported('zendesk')
    expect(rejections).toEqual([])
    expect(steps).toEqual([
      ['customer', 2, 0, 0],
      ['contact', 2, 0, 0],
      ['ticket', 4, 0, 0],
      ['survey_answer', 2, 2, 0],
    ])
    expect(await rows('tickets', 'ticket_id, client_id, priority, status')).toEqual([
      ['41001', '360001', 'P0', 'closed'],
      ['41002', '360002', 'P2', 'resolved'],
      ['41003', '360001', 'P3', 'waiting_on_customer'],
      ['41004', '360002', 'P1', 'open'],
    ])
    expect(await rows('survey_answers', 'answer_id, kind, score')).toEqual([
      ['ticket-41001', 'csat', 5],
      ['ticket-41002', 'csat', 1],
    ])
  })

  it('is there for each folder', async () => {
    expect(await readdir(path.join(docs, 'examples'))).toEqual(['hubspot', 'salesforce', 'zendesk'])
  })
})

describe('the document of the mapping language', () => {
  it('has a mapping that is valid, and names every key of a load', async () => {
    const text = await readFile(path.join(docs, 'import.md'), 'utf8')
    const [, yaml = ''] = /```yaml\n([\s\S]+?)```/.exec(text) ?? []
    expect(parseMapping(yaml, 'import.md').loads).toHaveLength(2)
    for (const key of Object.keys(LoadSchema.shape)) expect(text, key).toContain(`| \`${key}\` |`)
  })
})
