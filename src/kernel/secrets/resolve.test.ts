import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startVault } from '../../../test/support/vault-server.ts'
import type { VaultServer } from '../../../test/support/vault-server.ts'
import { configuration, loadConfig } from '../../settings.ts'
import { openSecretSource } from './resolve.ts'

const TOKEN = 'f3a9c1d07b5e4826a1c9e7d3b5f08264d9c7'
const KEY = 'p9Yt0m0hVJp2k8zN1i3xqv7QyTzA5rWbE6uDcGfHsLk='

let folder = ''
let vault: VaultServer
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'plimsoll-secrets-'))
  vault = await startVault()
})
afterAll(async () => {
  await vault.close()
  await rm(folder, { recursive: true })
})

async function resolve(environment: Readonly<Record<string, string>>) {
  const resolved = await (await openSecretSource(configuration, environment)).read()
  return { ...resolved, config: loadConfig(resolved.environment) }
}

async function file(name: string, content: string | Uint8Array): Promise<string> {
  const at = path.join(folder, name)
  await writeFile(at, content)
  return at
}

describe('a secret in a file', () => {
  it('is read where <NAME>_FILE says, without the newline at its end', async () => {
    const { config, origins } = await resolve({ METRICS_TOKEN_FILE: await file('token', `${TOKEN}\n`) })
    expect(config.observability.metricsToken).toBe(TOKEN)
    expect(origins.get('METRICS_TOKEN')).toEqual({ source: 'file' })
  })

  it('may be any secret setting, and no other setting', async () => {
    const { config } = await resolve({
      SERVER_PORT_FILE: await file('port', '9'),
      DATABASE_URL_FILE: await file('url', 'postgres://a:b@c/d'),
    })
    expect(config.database.url).toBe('postgres://a:b@c/d')
    expect(config.server.port).toBe(8080)
  })

  it('stops the start when it cannot be read, naming the variable and the reason, all at once', async () => {
    await mkdir(path.join(folder, 'folder'))
    const unreadable = await file('unreadable', TOKEN)
    await chmod(unreadable, 0)
    const wrong = {
      METRICS_TOKEN_FILE: path.join(folder, 'nowhere'),
      ENCRYPTION_KEY_FILE: path.join(folder, 'folder'),
      DATABASE_URL_FILE: await file('empty', ' \n'),
      REDIS_URL_FILE: await file('large', Buffer.alloc(65 * 1024, 'x')),
      JWT_SECRET_FILE: unreadable,
    }
    const failure = await resolve(wrong).catch((error: unknown) => String(error))
    expect(failure).toContain(
      `METRICS_TOKEN_FILE: expected the path of a file that holds the secret; got "${wrong.METRICS_TOKEN_FILE}", which does not exist. Example: METRICS_TOKEN_FILE=/run/secrets/metrics_token`,
    )
    expect(failure).toMatch(/ENCRYPTION_KEY_FILE: .*which is not a file/)
    expect(failure).toMatch(/DATABASE_URL_FILE: .*which is empty/)
    expect(failure).toMatch(/REDIS_URL_FILE: .*larger than 64 KB/)
    // The superuser may read everything.
    if (process.getuid?.() !== 0) expect(failure).toMatch(/JWT_SECRET_FILE: .*may not read/)
  })

  it('is refused beside the variable itself: nobody could say which counts', async () => {
    const both = { METRICS_TOKEN: TOKEN, METRICS_TOKEN_FILE: await file('both', TOKEN) }
    await expect(resolve(both)).rejects.toThrow(
      'METRICS_TOKEN_FILE: expected nothing, since METRICS_TOKEN is set as well',
    )
  })

  it('is refused in production when it is weak, like any other', async () => {
    const weak = { ENVIRONMENT: 'production', METRICS_TOKEN_FILE: await file('weak', 'changeme'.repeat(5)) }
    await expect(resolve(weak)).rejects.toThrow('METRICS_TOKEN: expected a strong secret in production')
  })
})

describe('secrets of a provider', () => {
  const vaultAt = () => ({ SECRETS_PROVIDER: 'vault', VAULT_ADDR: vault.url, VAULT_TOKEN: vault.rootToken })

  it('stand in the configuration, each with its source and version; its token may be in a file', async () => {
    vault.write({ METRICS_TOKEN: TOKEN, ENCRYPTION_KEY: KEY })
    const { VAULT_TOKEN, ...at } = vaultAt()
    const { config, origins } = await resolve({
      ...at,
      VAULT_TOKEN_FILE: await file('vault-token', `${VAULT_TOKEN}\n`),
    })
    expect(config.observability.metricsToken).toBe(TOKEN)
    expect(Object.fromEntries(origins)).toEqual({
      VAULT_TOKEN: { source: 'file' },
      METRICS_TOKEN: { source: 'vault', version: '1' },
      ENCRYPTION_KEY: { source: 'vault', version: '1' },
    })
  })

  it('are refused in production when they are weak, like any other', async () => {
    vault.write({ METRICS_TOKEN: 'your-256-bit-secret-your-256-bit-secret' })
    await expect(resolve({ ...vaultAt(), ENVIRONMENT: 'production' })).rejects.toThrow(
      'METRICS_TOKEN: expected a strong',
    )
  })

  it('come from nowhere else but in development, where what is missing is taken from the environment and said', async () => {
    vault.write({ METRICS_TOKEN: TOKEN })
    const mixed = { ...vaultAt(), ENCRYPTION_KEY: KEY }
    for (const ENVIRONMENT of ['test', 'staging', 'production']) {
      const message = 'ENCRYPTION_KEY: expected it to be kept in Vault; development alone falls back'
      await expect(resolve({ ...mixed, ENVIRONMENT })).rejects.toThrow(message)
    }
    const { config, notes, origins } = await resolve({ ...mixed, ENVIRONMENT: 'development' })
    expect(config.security.encryptionKey).toBe(KEY)
    expect(origins.get('ENCRYPTION_KEY')).toEqual({ source: 'environment' })
    expect(notes).toEqual(['Vault holds no ENCRYPTION_KEY, so it is taken from the environment.'])
  })

  it('leave a file that was named in force', async () => {
    vault.write({ METRICS_TOKEN: 'of-vault-of-vault-of-vault-of-vault' })
    const { config } = await resolve({
      ...vaultAt(),
      ENVIRONMENT: 'test',
      METRICS_TOKEN_FILE: await file('named', TOKEN),
    })
    expect(config.observability.metricsToken).toBe(TOKEN)
  })

  it('stop the start when they cannot be had, and say why; development says so and goes on', async () => {
    vault.write({})
    const away = { ...vaultAt(), VAULT_PATH: 'nowhere', METRICS_TOKEN: TOKEN }
    await expect(resolve({ ...away, ENVIRONMENT: 'production' })).rejects.toThrow(
      'SECRETS_PROVIDER: expected Vault to give the secrets; got this: Vault has nothing at secret/data/nowhere.',
    )
    const { config, notes } = await resolve(away)
    expect(config.observability.metricsToken).toBe(TOKEN)
    expect(notes[0]).toContain('Vault gave no secrets')
  })

  it('need what it takes to reach them', async () => {
    await expect(resolve({ SECRETS_PROVIDER: 'vault' })).rejects.toThrow(
      /VAULT_ADDR: expected the address[^]*VAULT_TOKEN: expected VAULT_TOKEN, VAULT_ROLE_ID or/,
    )
    await expect(resolve({ SECRETS_PROVIDER: 'aws' })).rejects.toThrow(
      'AWS_SECRET_ID or AWS_SECRET_PREFIX, one of the two',
    )
    const noSecretId = { SECRETS_PROVIDER: 'vault', VAULT_ADDR: vault.url, VAULT_ROLE_ID: 'x' }
    await expect(resolve(noSecretId)).rejects.toThrow('VAULT_SECRET_ID: expected the secret id of the AppRole')
  })
})
