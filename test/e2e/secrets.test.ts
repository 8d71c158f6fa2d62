import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, describe, expect, it } from 'vitest'
import { createKeyring } from '#kernel/crypto/keyring'
import { testDatabase } from '../support/database.ts'
import { runCommand, startProduct } from '../support/product-process.ts'
import { startVault } from '../support/vault-server.ts'

const COMMANDS = path.resolve(import.meta.dirname, '../../src/cli/main.ts')

describe('a process with secrets in Vault', async () => {
  const vault = await startVault()
  afterAll(() => vault.close())
  const environment = {
    ENVIRONMENT: 'production',
    PUBLIC_URL: 'http://127.0.0.1:8080',
    SECRETS_PROVIDER: 'vault',
    VAULT_ADDR: vault.url,
    VAULT_TOKEN: vault.rootToken,
    SECRETS_TIMEOUT_SECONDS: '1',
  }

  it.each([
    [
      'is sealed',
      { kind: 'answers', status: 503, body: '{"errors":["Vault is sealed"]}' },
      'is sealed or down for maintenance (503)',
    ],
    ['breaks the connection', { kind: 'cut' }, 'cannot be reached'],
    ['gives an invalid answer', { kind: 'answers', status: 200, body: '{"data":"hush-hush"}' }, 'is invalid (data)'],
  ] as const)('does not start when Vault %s, and says so in one line', async (_what, how, why) => {
    vault.misbehave(how)
    const { code, out, err } = await runCommand(['serve'], environment)
    expect({ code, out }).toEqual({ code: 78, out: '' })
    expect(err).toContain('SECRETS_PROVIDER: expected Vault to give the secrets; got this:')
    expect(err).toContain(why)
    expect(err.trim().split('\n')).toHaveLength(2)
    expect(err).not.toContain('hush')
    vault.behave()
  })

  it('shows the source of each secret, and no value', async () => {
    const [key, token] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64url')]
    const [jwt, auth] = [randomBytes(32).toString('base64url'), randomBytes(32).toString('base64url')]
    vault.write({
      DATABASE_URL: 'postgresql://127.0.0.1/plimsoll',
      ENCRYPTION_KEY: key,
      METRICS_TOKEN: token,
      JWT_SECRET: jwt,
      BETTER_AUTH_SECRET: auth,
    })
    const { code, out } = await runCommand(['config'], environment)
    expect(code).toBe(0)
    expect(out).toMatch(/^METRICS_TOKEN +\(hidden\) +vault, version 1$/m)
    expect(out).toMatch(/^VAULT_TOKEN +\(hidden\) +environment$/m)
    for (const secret of [key, token, jwt, auth, vault.rootToken]) expect(out).not.toContain(secret)
  })
})

describe('plimsoll secrets rotate', async () => {
  const database = await testDatabase()
  const [OLD, NEW] = [randomBytes(32), randomBytes(32)]
  const people = Array.from({ length: 400 }, (_, at) => `user:usr_${String(at).padStart(4, '0')}`)
  const environment = {
    ENVIRONMENT: 'test',
    LOG_LEVEL: 'ERROR',
    DATABASE_URL: database.url,
    ENCRYPTION_KEY: NEW.toString('base64'),
    ENCRYPTION_KEYS_PREVIOUS: OLD.toString('base64'),
  }
  const old = createKeyring([OLD])
  const keys = people.map((person) => old.seal(randomBytes(32), `audit.person-key:acme:${person}`))
  await database.owner.query(
    `insert into audit.person_keys (tenant_id, person, wrapped_key, created_at)
     select 'acme', person, wrapped_key, now() from unnest($1::text[], $2::text[]) as made (person, wrapped_key)`,
    [people, keys],
  )
  const underOld = async () => {
    const { rows } = await database.owner.query(
      "select count(*)::int as count from audit.person_keys where split_part(wrapped_key, '.', 2) = $1",
      [old.currentKeyId],
    )
    return Number(rows[0].count)
  }

  it('that is killed halfway is completed by the next run; the new key alone then decrypts every value', async () => {
    const child = spawn(process.execPath, [COMMANDS, 'secrets', 'rotate', '--batch', '1'], {
      env: { PATH: process.env['PATH'] ?? '', ...environment },
      stdio: 'ignore',
    })
    while ((await underOld()) > people.length - 20) await wait(2)
    child.kill('SIGKILL')
    await once(child, 'exit')
    const left = await underOld()
    expect(left).toBeGreaterThan(0)
    expect(left).toBeLessThan(people.length)

    const { code, out, err } = await runCommand(['secrets', 'rotate'], environment)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toContain('No value is encrypted with another key any more.')
    expect(await underOld()).toBe(0)
    const { rows } = await database.owner.query('select person, wrapped_key from audit.person_keys order by person')
    const fresh = createKeyring([NEW])
    const opened = rows.map(({ person, wrapped_key }) => fresh.open(wrapped_key, `audit.person-key:acme:${person}`))
    const before = keys.map((key, at) => old.open(key, `audit.person-key:acme:${people[at]}`))
    expect(opened).toEqual(before)
  })

  it('has nothing to do afterwards, and status counts the values under each key', async () => {
    expect((await runCommand(['secrets', 'rotate'], environment)).out).toContain('audit.person-keys: 0 re-encrypted')
    const { out } = await runCommand(['secrets', 'status'], environment)
    expect(out).toMatch(new RegExp(`^${createKeyring([NEW]).currentKeyId} +current +0 of 0 `, 'm'))
    expect(out).toMatch(new RegExp(`^${old.currentKeyId} +decrypt only +0 of 0 `, 'm'))
  })

  it('names the missing key in one line when it was removed too early, and so does the start', async () => {
    const early = { ...environment, ENCRYPTION_KEY: OLD.toString('base64'), ENCRYPTION_KEYS_PREVIOUS: '' }
    const needed = `audit.person-keys: ${people.length} under ${createKeyring([NEW]).currentKeyId}`
    const { code, err } = await runCommand(['secrets', 'rotate'], early)
    expect({ code, lines: err.trim().split('\n').length }).toEqual({ code: 1, lines: 1 })
    expect(err).toContain(needed)
    const DATA_DIR = await mkdtemp(path.join(tmpdir(), 'plimsoll-early-'))
    const product = await startProduct({ ...early, DATA_DIR })
    await product.stop()
    await rm(DATA_DIR, { recursive: true })
    expect(product.said).toContain(needed)
  })

  it('generates no key where the key is configured, and says what to do', async () => {
    const { code, err } = await runCommand(['secrets', 'rotate', '--new-key'], environment)
    expect(code).toBe(1)
    expect(err).toContain('move the current one to ENCRYPTION_KEYS_PREVIOUS')
  })
})
