import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { keyIdOf } from '#kernel/crypto/keyring'
import { testDatabase } from '../support/database.ts'
import { jsonClient } from '../support/people.ts'
import { KEEPS_COMPILED_CODE, runCommand, startProduct } from '../support/product-process.ts'
import { startVault } from '../support/vault-server.ts'
import { freePort } from '../support/free-port.ts'

/** The product with one more tool, which asks its caller a question. */
const ASKING_PRODUCT = path.resolve(import.meta.dirname, '../support/asking-product.ts')
const WORKERS = 4
const ROUNDS_BETWEEN = 2

describe('keys that are rotated while two processes serve', async () => {
  const database = await testDatabase()
  const DATA_DIR = await mkdtemp(path.join(tmpdir(), 'plimsoll-rotation-'))
  const vault = await startVault()
  const [OLD, NEW] = [randomBytes(32), randomBytes(32)]
  const secrets = {
    DATABASE_URL: database.url,
    BETTER_AUTH_SECRET: randomBytes(32).toString('base64url'),
    JWT_SECRET: randomBytes(32).toString('base64url'),
  }
  const keep = (current: Buffer, ...previous: Buffer[]) => {
    const others = previous.map((key) => key.toString('base64')).join(',')
    vault.write({
      ...secrets,
      ENCRYPTION_KEY: current.toString('base64'),
      ...(others !== '' && { ENCRYPTION_KEYS_PREVIOUS: others }),
    })
  }
  keep(OLD)
  const environment = {
    SECRETS_PROVIDER: 'vault',
    VAULT_ADDR: vault.url,
    VAULT_TOKEN: vault.rootToken,
    ENVIRONMENT: 'test',
    DATA_DIR,
    LOG_LEVEL: 'ERROR',
    ...KEEPS_COMPILED_CODE,
    RATE_LIMIT_ENABLED: 'false',
    AUTH_REQUIRE_VERIFIED_EMAIL: 'false',
  }
  const publicUrl = `http://127.0.0.1:${await freePort()}`
  const urls = [publicUrl]
  const stops: (() => Promise<unknown>)[] = []
  const start = async (url: string) => {
    // One public URL, like replicas, so that tokens of one are valid at all.
    const port = new URL(url).port
    const product = await startProduct({ ...environment, PUBLIC_URL: publicUrl, SERVER_PORT: port }, ASKING_PRODUCT)
    stops.push(product.stop)
  }
  await start(publicUrl)
  urls.push(`http://127.0.0.1:${await freePort()}`)
  await start(urls[1] ?? '')
  afterAll(async () => {
    for (const stop of stops) await stop()
    await vault.close()
    await rm(DATA_DIR, { recursive: true, force: true })
  })
  const plimsoll = (...words: string[]) => runCommand(['secrets', ...words], environment)

  it('fail no request: neither those that encrypt or decrypt, nor those with a token or state signed by the old key', {
    timeout: 180_000,
  }, async () => {
    const load = startLoad(urls)
    await load.rounds(ROUNDS_BETWEEN)
    const { body } = await jsonClient(publicUrl).post('/api/v1/auth/register', newPerson())
    const bearer = String(dataOf(body)['access_token'])
    const underOld = await beginAsking(urls[0], bearer)

    keep(NEW, OLD)
    const rotated = await plimsoll('rotate', '--batch', '2')
    expect(rotated).toMatchObject({ code: 0, err: '' })
    expect(rotated.out).toContain(`Key ${keyIdOf(NEW)} is the current key in all processes (2 besides this command).`)
    expect(rotated.out).toMatch(/audit\.person-keys: [1-9]\d* re-encrypted/)
    expect(rotated.out).toContain(`No value is encrypted with another key any more. Remove ${keyIdOf(OLD)}`)
    await load.rounds(ROUNDS_BETWEEN)
    expect(await endAsking(urls[1], bearer, underOld)).toContain('Hello, Ada')

    const signing = await plimsoll('rotate-signing-key')
    expect(signing).toMatchObject({ code: 0, err: '' })
    expect(signing.out).toMatch(/now signs access tokens[^]*Still accepted until/)
    await load.rounds(ROUNDS_BETWEEN)

    keep(NEW)
    expect(await plimsoll('refresh')).toMatchObject({ code: 0, out: '2 processes have reloaded their secrets.\n' })
    await load.rounds(ROUNDS_BETWEEN)

    const { calls, failures, signedBy } = await load.end()
    expect(failures).toEqual([])
    expect(calls).toBeGreaterThan(WORKERS * ROUNDS_BETWEEN * 4 * 7)
    expect(signedBy.size).toBe(2)
  })

  it('leave nothing under the old key: a process that never had it decrypts everything', async () => {
    const third = `http://127.0.0.1:${await freePort()}`
    await start(third)
    const load = startLoad([third])
    await load.rounds(1)
    const { failures } = await load.end()
    expect(failures).toEqual([])
    const status = await plimsoll('status')
    expect(status.out).toMatch(new RegExp(`^${keyIdOf(NEW)} +current +3 of 3 `, 'm'))
    expect(status.out).not.toContain(keyIdOf(OLD))
    expect(status.out).toMatch(/^ENCRYPTION_KEY +vault +3$/m)
    for (const secret of [...Object.values(secrets), NEW.toString('base64')]) expect(status.out).not.toContain(secret)
  })

  it('leave audit events of every fetched secret and of the rotations, without values', async () => {
    const { rows } = await database.owner.query<{ action: string; subject: string; event: string }>(
      "select action, subject, e::text as event from audit.events e where tenant_id = '_platform'",
    )
    const about = (action: string) => rows.filter((row) => row.action === action).map(({ subject }) => subject)
    expect(new Set(about('secrets.read'))).toEqual(
      new Set([
        'BETTER_AUTH_SECRET',
        'DATABASE_URL',
        'ENCRYPTION_KEY',
        'ENCRYPTION_KEYS_PREVIOUS',
        'JWT_SECRET',
        'VAULT_TOKEN',
      ]),
    )
    expect(about('secrets.rotate')).toEqual(['ENCRYPTION_KEY'])
    const all = rows.map(({ event }) => event).join()
    for (const secret of [...Object.values(secrets), NEW.toString('base64'), OLD.toString('base64'), vault.rootToken]) {
      expect(all).not.toContain(secret)
    }
  })
})

/** Starts people who use the product without a pause, each at all processes in turn. */
function startLoad(urls: readonly string[]) {
  const failures: string[] = []
  const signedBy = new Set<string>()
  let calls = 0
  let isOver = false
  const done: number[] = Array.from({ length: WORKERS }, () => 0)
  let heard = Promise.withResolvers<void>()

  const work = async (worker: number) => {
    let turn = worker
    const api = () => jsonClient(urls[turn++ % urls.length] ?? '')
    const expectOk = async (
      what: string,
      answering: Promise<{ status: number; body: Readonly<Record<string, unknown>> }>,
    ) => {
      const { status, body } = await answering
      calls++
      const text = JSON.stringify(body)
      if (status >= 300 || /"isError":true|"error":/.test(text))
        failures.push(`${what}: ${status} ${text.slice(0, 300)}`)
      return dataOf(body)
    }
    const first = await expectOk('register', api().post('/api/v1/auth/register', newPerson()))
    let current = first
    const bearers = () => [String(first['access_token']), String(current['access_token'])]
    for (let round = 0; !isOver; round++) {
      for (const bearer of bearers()) {
        signedBy.add(JSON.parse(Buffer.from(bearer.split('.')[0] ?? '', 'base64url').toString()).kid)
        await expectOk('me', api().get('/api/v1/users/me', bearer))
        const name = `client ${worker} ${round}`
        const contact = { primary_contact_name: name, primary_contact_email: `${worker}-${calls}@example.com` }
        await expectOk('register_client', callTool(api(), bearer, 'register_client', { client_name: name, ...contact }))
        await expectOk('audit', api().get('/api/v1/audit?limit=20', bearer))
      }
      // Signing the new token decrypts the private signing key.
      const refresh_token = current['refresh_token']
      current = await expectOk('refresh', api().post('/api/v1/auth/refresh', { refresh_token }))
      done[worker] = round + 1
      heard.resolve()
      heard = Promise.withResolvers()
    }
  }
  const working = Promise.all(done.map((_, worker) => work(worker)))
  return {
    /** Resolves when each person has completed `count` more rounds. */
    async rounds(count: number) {
      const goals = done.map((rounds) => rounds + count)
      while (done.some((rounds, worker) => rounds < (goals[worker] ?? 0))) await Promise.race([heard.promise, working])
    },
    async end() {
      isOver = true
      await working
      return { calls, failures, signedBy }
    },
  }
}

function newPerson() {
  const unique = randomBytes(6).toString('hex')
  return { email: `load-${unique}@example.com`, password: `Right-${unique}-7`, name: 'Load Person' }
}

/** The data of an answer, which REST wraps in an envelope. */
function dataOf(body: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { data } = body
  return typeof data === 'object' && data !== null ? { ...data } : body
}

type Api = ReturnType<typeof jsonClient>

function callTool(api: Api, bearer: string, name: string, args: object) {
  return api.post('/mcp', { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } }, bearer)
}

const ASKING = 'ask_for_name'

/** Calls a tool that asks a question. Returns the signed request state. */
async function beginAsking(at: string | undefined, bearer: string): Promise<string> {
  const { result } = await askingCall(at, bearer, {})
  return String(result?.requestState)
}

async function endAsking(at: string | undefined, bearer: string, requestState: string): Promise<string> {
  const inputResponses = { name: { action: 'accept', content: { name: 'Ada' } } }
  return JSON.stringify(await askingCall(at, bearer, { requestState, inputResponses }))
}

async function askingCall(
  at: string | undefined,
  bearer: string,
  params: object,
): Promise<{ result?: { requestState?: string } }> {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': { elicitation: {} },
  }
  const response = await fetch(`${at}/mcp/asking`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${bearer}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': ASKING,
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { _meta, name: ASKING, arguments: {}, ...params },
    }),
  })
  // safe because: the members that are read are compared.
  return (await response.json()) as { result?: { requestState?: string } }
}
