import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { App } from '../../src/app.ts'
import { startApp } from '../support/app.ts'
import { addCustomers } from '../support/customer-data.ts'
import { testDatabase } from '../support/database.ts'
import { runCommand } from '../support/product-process.ts'
import { testTenant } from '../support/tenant.ts'

const database = await testDatabase()
let app: App
let variables: Record<string, string>

beforeAll(async () => {
  const started = await startApp(database)
  ;({ app } = started)
  const tenant = await testTenant(database)
  await addCustomers(database, tenant.tenantId, [
    { clientId: 'acme', name: 'Acme' },
    { clientId: 'globex', name: 'Globex' },
  ])
  const { key } = await app.access.createKey(tenant.ctx(), { name: 'k', scopes: ['customers:read', 'customers:write'] })
  variables = { PUBLIC_URL: started.url, PLIMSOLL_API_KEY: key, DATABASE_URL: database.url }
})
afterAll(() => app.close())

const call = (...words: string[]) => runCommand(['call', ...words], variables)

describe('plimsoll call', () => {
  it('prints a list of objects as a table, and the values beside it by name', async () => {
    const { code, out } = await call('list_clients', 'limit=1')
    expect(code).toBe(0)
    expect(out).toMatch(/^clients \(1\)\nclient_id +client_name .*\n(acme +Acme|globex +Globex)/)
    expect(out).toMatch(/^pagination\.total_count +2$/m)
  })

  it('prints JSON with --json', async () => {
    const { out } = await call('list_clients', '--json', '--args', '{"limit": 1}')
    expect(JSON.parse(out)).toMatchObject({ clients: [{}], pagination: { limit: 1 } })
  })

  it('reads arguments as the tool types them: numbers, lists, truth values, objects', async () => {
    const { code, out } = await call(
      'analyze_engagement_patterns',
      'analysis_scope=individual',
      'scope_filter.client_id=acme',
      'lookback_period_days=30',
      '--json',
    )
    expect({ code, out: JSON.parse(out) as unknown }).toMatchObject({ code: 0, out: { customers_analyzed: 1 } })
  })

  it('lists the tools, and describes one', async () => {
    expect((await call()).out).toMatch(/^list_clients +Find customers/m)
    const { out } = await call('update_client_info', '--describe')
    expect(out).toMatch(/^ {2}client_id +string; required/m)
  })

  it.each([
    [['list_clents'], 'There is no tool list_clents. Did you mean list_clients?'],
    [['list_clients', 'limitt=1'], 'list_clients has no argument limitt. Did you mean limit?'],
    [['list_clients', 'limit'], 'Expected name=value, not limit.'],
    [['list_clients', '--args', '[1]'], 'Expected a JSON object such as {"limit": 5} in --args.'],
    [['list_clients', 'limit=many'], /^The arguments of list_clients are wrong.*\n {2}limit: expected number/],
    [['get_client_overview', 'client_id=nobody'], /nobody/],
    [['--url', 'http://127.0.0.1:9/mcp'], /^No server answers at http:\/\/127\.0\.0\.1:9\/mcp/],
    [['--key', 'plim_wrong'], /key/],
  ])('exits with 1 and says what is wrong: %j', async (words, message) => {
    const { code, out, err } = await call(...words)
    expect({ code, out }).toEqual({ code: 1, out: '' })
    expect(err).toMatch(message)
  })

  it('is completed by the shell: commands, tools and options', async () => {
    const words = async (...typed: string[]) =>
      (await runCommand(['completion', 'words', '--', ...typed], variables)).out.trim().split('\n')
    expect(await words('')).toEqual(expect.arrayContaining(['call', 'import', 'people', '--help']))
    expect(await words('people', '')).toEqual(expect.arrayContaining(['add', 'list', 'role', 'remove', 'reset']))
    expect(await words('call', 'list')).toEqual(expect.arrayContaining(['list_clients', '--json']))
    for (const shell of ['bash', 'zsh', 'fish'])
      expect((await runCommand(['completion', shell], variables)).out).toContain('plimsoll completion words')
  })
})
