import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { VAULT_NAMESPACE, VAULT_ROLE, startVault } from '../../../test/support/vault-server.ts'
import type { VaultServer } from '../../../test/support/vault-server.ts'
import { SecretSettings } from '../config/secrets.ts'
import { vaultProvider } from './vault.ts'

let vault: VaultServer
beforeEach(async () => {
  vault = await startVault()
  vault.write({ METRICS_TOKEN: 'attack-at-dawn', DATABASE_URL: 'postgresql://a:b@c/d', OTHER: 1 })
})
afterEach(() => vault.close())

const NAMES = ['METRICS_TOKEN', 'DATABASE_URL', 'REDIS_URL']
/** Long enough for a busy machine; tests of silent servers use a shorter one. */
const attemptsOf = (timeoutMilliseconds = 10_000) => ({ timeoutMilliseconds, pauseMilliseconds: 1 })

function provider(
  settings: Readonly<Record<string, string>> = { vaultToken: vault.rootToken },
  milliseconds: () => number = () => 0,
  timeoutMilliseconds?: number,
) {
  const parsed = SecretSettings.parse({ provider: 'vault', vaultAddress: vault.url, ...settings })
  return vaultProvider({ settings: parsed, milliseconds, ...attemptsOf(timeoutMilliseconds) })
}

const approle = { vaultRoleId: VAULT_ROLE.role_id, vaultSecretId: VAULT_ROLE.secret_id }
const reads = () => vault.requests.filter(({ path }) => path.startsWith('/v1/secret/data/'))
const asked = (part: string) => vault.requests.filter(({ path }) => path.endsWith(part)).length

describe('secrets in Vault', () => {
  it('are the members of one KV entry that are settings, with the entry’s version', async () => {
    expect(await provider().read(NAMES)).toEqual(
      new Map([
        ['METRICS_TOKEN', { source: 'vault', version: '1', value: 'attack-at-dawn' }],
        ['DATABASE_URL', { source: 'vault', version: '1', value: 'postgresql://a:b@c/d' }],
      ]),
    )
  })

  it('are those of the latest version', async () => {
    const vaultSecrets = provider()
    await vaultSecrets.read(NAMES)
    vault.write({ METRICS_TOKEN: 'attack-at-noon' })
    expect((await vaultSecrets.read(NAMES)).get('METRICS_TOKEN')).toEqual({
      source: 'vault',
      version: '2',
      value: 'attack-at-noon',
    })
  })

  it('are asked for in their namespace, mount and path', async () => {
    vault.write({ METRICS_TOKEN: 'elsewhere' }, 'team a/plimsoll')
    const there = { vaultToken: vault.rootToken, vaultNamespace: VAULT_NAMESPACE, vaultPath: 'team a/plimsoll' }
    await expect(provider(there).read(NAMES)).rejects.toThrow('nothing at secret/data/team a/plimsoll')
    vault.write({ METRICS_TOKEN: 'elsewhere' }, 'team%20a/plimsoll')
    expect((await provider(there).read(NAMES)).get('METRICS_TOKEN')?.value).toBe('elsewhere')
    expect(reads().at(-1)?.headers['x-vault-namespace']).toBe(VAULT_NAMESPACE)
  })
})

describe('the token for Vault', () => {
  it('is got once, as an AppRole, and again when it is refused before its time', async () => {
    const vaultSecrets = provider(approle)
    await vaultSecrets.read(NAMES)
    await vaultSecrets.read(NAMES)
    expect(asked('approle/login')).toBe(1)
    vault.revokeTokens()
    expect((await vaultSecrets.read(NAMES)).size).toBe(2)
    expect(asked('approle/login')).toBe(2)
  })

  it('is got as a Kubernetes service account', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'plimsoll-vault-'))
    const vaultKubernetesTokenPath = path.join(folder, 'token')
    await writeFile(vaultKubernetesTokenPath, 'a.jwt.here\n')
    const account = { vaultKubernetesRole: 'plimsoll', vaultKubernetesTokenPath }
    expect((await provider(account).read(NAMES)).size).toBe(2)
    expect(vault.requests[0]?.body).toBe('{"role":"plimsoll","jwt":"a.jwt.here"}')
    await rm(folder, { recursive: true })
    await expect(provider(account).read(NAMES)).rejects.toThrow('token cannot be read')
  })

  it('is renewed when two thirds of its life are over, and made anew when it cannot be', async () => {
    let now = 0
    vault.grantTokens(60, true)
    const vaultSecrets = provider(approle, () => now)
    await vaultSecrets.read(NAMES)
    now = 39_000
    await vaultSecrets.read(NAMES)
    expect(asked('renew-self')).toBe(0)
    now = 41_000
    vault.grantTokens(60, false)
    await vaultSecrets.read(NAMES)
    expect([asked('renew-self'), asked('approle/login')]).toEqual([1, 1])
    now = 82_000
    await vaultSecrets.read(NAMES)
    expect([asked('renew-self'), asked('approle/login')]).toEqual([1, 2])
  })

  it('may be one that is not allowed to look itself up', async () => {
    vault.misbehave({ kind: 'answers', status: 403, body: '{"errors":["permission denied"]}' }, 1)
    expect((await provider().read(NAMES)).size).toBe(2)
  })

  it('that was given and is wrong is refused for good, without a second attempt', async () => {
    await expect(provider({ vaultToken: 'hvs.wrong' }).read(NAMES)).rejects.toThrow(
      'Vault refuses secret/data/plimsoll: the token is invalid, expired, or lacks the permission',
    )
    expect(reads()).toHaveLength(1)
  })

  it('is not to be had with a wrong secret id', async () => {
    await expect(provider({ ...approle, vaultSecretId: 'no' }).read(NAMES)).rejects.toThrow('auth/approle/login')
  })
})

describe('a Vault that does not do its work', () => {
  it.each([
    ['is sealed', { kind: 'answers', status: 503, body: '{"errors":["Vault is sealed"]}' }, 'sealed or down'],
    ['has a bug', { kind: 'answers', status: 500, body: 'oops attack-at-dawn' }, 'answers with status 500'],
    ['is overrun', { kind: 'answers', status: 429, body: '' }, 'answers with status 429'],
    ['says nothing', { kind: 'silent' }, 'did not respond in time'],
    ['hangs up', { kind: 'cut' }, 'cannot be reached'],
    ['does not speak JSON', { kind: 'answers', status: 200, body: '<html>attack-at-dawn' }, 'is not JSON'],
  ] as const)('is asked four times when it %s, and then said to be so', async (_what, how, message) => {
    vault.misbehave(how)
    const milliseconds = how.kind === 'silent' ? 400 : undefined
    const failure = provider(approle, () => 0, milliseconds).read(NAMES)
    await expect(failure).rejects.toThrow(message)
    await expect(failure).rejects.not.toThrow('attack-at-dawn')
    expect(vault.requests).toHaveLength(4)
    vault.misbehave(how, 3)
    expect((await provider(approle, () => 0, milliseconds).read(NAMES)).size).toBe(2)
  })

  it('is said to be away when nobody listens', async () => {
    await vault.close()
    await expect(provider().read(NAMES)).rejects.toThrow(/cannot be reached \(ECONNREFUSED\)/)
    vault = await startVault()
  })

  it.each([
    ['no data', '{"attack-at-dawn":{}}', 'Vault’s response to secret/plimsoll is invalid (data)'],
    ['a list', '{"data":["attack-at-dawn"]}', 'is invalid (data'],
    ['a version in words', '{"data":{"data":{},"metadata":{"version":"one"}}}', '(data.metadata.version)'],
    [
      'no number',
      '{"data":{"data":{"METRICS_TOKEN":7},"metadata":{"version":1}}}',
      'METRICS_TOKEN in secret/plimsoll is of type number, not text',
    ],
    ['too much', `{"data":"${'x'.repeat(1024 * 1024)}"}`, 'more than a megabyte'],
  ])('is not believed when it answers %s', async (_what, body, message) => {
    const vaultSecrets = provider(approle)
    await vaultSecrets.read(NAMES)
    vault.misbehave({ kind: 'answers', status: 200, body })
    const failure = vaultSecrets.read(NAMES)
    await expect(failure).rejects.toThrow(message)
    await expect(failure).rejects.not.toThrow('attack-at-dawn')
  })

  it('is not followed elsewhere: a redirect would carry the token away', async () => {
    vault.misbehave({ kind: 'answers', status: 307, body: '' })
    await expect(provider().read(NAMES)).rejects.toThrow('Vault at')
  })

  it('has deleted what is asked for, or never had it', async () => {
    await expect(provider({ vaultToken: vault.rootToken, vaultPath: 'nowhere' }).read(NAMES)).rejects.toThrow(
      'Vault has nothing at secret/data/nowhere',
    )
    vault.deleteLatest()
    await expect(provider().read(NAMES)).rejects.toThrow('nothing at secret/data/plimsoll')
  })
})
