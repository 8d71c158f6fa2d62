import type { RequestListener } from 'node:http'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { quiet } from '../../../../test/support/database.ts'
import { json, testIssuer } from '../../../../test/support/token-issuer.ts'
import type { TestIssuer } from '../../../../test/support/token-issuer.ts'
import { issuerTokenKeys } from './issuer-keys.ts'

let issuer: TestIssuer
let now = new Date('2026-11-20T12:00:00Z')
afterEach(() => issuer.close())

const later = (seconds: number) => {
  now = new Date(now.getTime() + seconds * 1000)
}

async function keysOf(path = '') {
  issuer = await testIssuer(path)
  return issuerTokenKeys({ issuer: issuer.url, clock: () => now, log: quiet, timeoutSeconds: 0.5 })
}

const unavailable = { kind: 'unavailable', code: 'ISSUER_UNAVAILABLE' }
const html: RequestListener = (_req, res) => void res.end('<html>')
const redirect: RequestListener = (_req, res) => void res.writeHead(302, { location: '/keys' }).end()
const METADATA = '/.well-known/oauth-authorization-server'

describe('the keys of an external issuer', () => {
  it.each([
    ['', '/.well-known/oauth-authorization-server'],
    ['', '/.well-known/openid-configuration'],
    ['/realms/acme', '/.well-known/oauth-authorization-server/realms/acme'],
    ['/realms/acme', '/.well-known/openid-configuration/realms/acme'],
    ['/realms/acme', '/realms/acme/.well-known/openid-configuration'],
  ])('of the issuer with path "%s" are found by its metadata at %s', async (path, place) => {
    const keys = await keysOf(path)
    const metadata = issuer.paths.get(`${METADATA}${path}`)
    issuer.paths.delete(`${METADATA}${path}`)
    if (metadata !== undefined) issuer.paths.set(place, metadata)
    expect(await keys.find('key-1')).toMatchObject({ algorithm: 'RS256' })
  })

  it('are read once for concurrent tokens', async () => {
    const keys = await keysOf()
    await Promise.all(Array.from({ length: 20 }, async () => keys.find('key-1')))
    expect(keys.find('key-1')).toMatchObject({ algorithm: 'RS256' })
    expect(issuer.asked).toEqual([METADATA, '/keys'])
  })

  it('are read for an unknown key id, at most once in half a minute', async () => {
    const keys = await keysOf()
    await keys.find('key-1')
    await issuer.rotate()
    expect(await keys.find('key-2')).toBeUndefined()
    for (let at = 0; at < 50; at++) expect(await keys.find(`made-up-${at}`)).toBeUndefined()
    expect(issuer.asked.filter((path) => path === '/keys')).toHaveLength(1)
    later(30)
    expect(await keys.find('key-2')).toMatchObject({ algorithm: 'RS256' })
    expect(await keys.find('made-up')).toBeUndefined()
    expect(issuer.asked.filter((path) => path === '/keys')).toHaveLength(2)
  })

  it('are refreshed in the background after ten minutes, without those that were removed', async () => {
    const keys = await keysOf()
    await keys.find('key-1')
    issuer.keys.length = 0
    await issuer.rotate()
    const [renamed] = issuer.keys
    if (renamed !== undefined) renamed.kid = 'key-9'
    later(600)
    expect(keys.find('key-1')).toMatchObject({ algorithm: 'RS256' })
    await vi.waitFor(() => expect(keys.find('key-9')).toMatchObject({ algorithm: 'RS256' }))
    expect(await keys.find('key-1')).toBeUndefined()
  })

  it('stay valid for a day while the issuer is down', async () => {
    const keys = await keysOf()
    await keys.find('key-1')
    issuer.close()
    later(3600 * 23)
    expect(keys.find('key-1')).toMatchObject({ algorithm: 'RS256' })
    expect(await keys.find('key-2')).toBeUndefined()
    later(3600)
    await expect(async () => keys.find('key-1')).rejects.toMatchObject(unavailable)
  })

  it('are unavailable while the issuer is down from the start, and read once it is up', async () => {
    const keys = await keysOf()
    const kept = new Map(issuer.paths)
    issuer.paths.clear()
    await expect(async () => keys.find('key-1')).rejects.toMatchObject(unavailable)
    for (const [path, answer] of kept) issuer.paths.set(path, answer)
    await expect(async () => keys.find('key-1')).rejects.toMatchObject({ ...unavailable, retryAfterSeconds: 30 })
    later(30)
    expect(await keys.find('key-1')).toMatchObject({ algorithm: 'RS256' })
  })

  it.each([
    [
      'names another issuer',
      METADATA,
      json(() => ({ issuer: 'https://attacker.example', jwks_uri: `${issuer.url}/keys` })),
    ],
    [
      'is named with a trailing slash',
      METADATA,
      json(() => ({ issuer: `${issuer.url}/`, jwks_uri: `${issuer.url}/keys` })),
    ],
    ['has no key set', METADATA, json(() => ({ issuer: issuer.url }))],
    ['has a key set with a file URL', METADATA, json(() => ({ issuer: issuer.url, jwks_uri: 'file:///etc/passwd' }))],
    ['answers with HTML', METADATA, html],
    ['redirects', METADATA, redirect],
    ['never answers', METADATA, () => undefined],
    ['never answers with its keys', '/keys', () => undefined],
    ['has an empty key set', '/keys', json(() => ({ keys: [] }))],
    [
      'has only symmetric keys',
      '/keys',
      json(() => ({ keys: [{ kty: 'oct', k: 'c2VjcmV0', kid: 'key-1', alg: 'HS256' }] })),
    ],
    ['has only encryption keys', '/keys', json(() => ({ keys: issuer.keys.map((key) => ({ ...key, use: 'enc' })) }))],
    ['has a key set that is too large', '/keys', json(() => ({ keys: issuer.keys, padding: 'x'.repeat(300_000) }))],
  ])('of an issuer that %s are unavailable', async (_what, path, answer) => {
    const keys = await keysOf()
    issuer.paths.set(path, answer)
    await expect(async () => keys.find('key-1')).rejects.toMatchObject(unavailable)
  })
})
