import { generateKeyPairSync, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { JWK } from 'jose'
import { describe, expect, it } from 'vitest'
import type { ScopeGrant } from '#kernel/authorization'
import { FORGED_TOKENS } from '../../../../test/support/forged-tokens.ts'
import type { ForgeryKit } from '../../../../test/support/forged-tokens.ts'
import { ownTokenKeys } from './own-keys.ts'
import { ownTokenRules } from './token-rules.ts'
import { tokenAuthenticator } from './verify-token.ts'
import type { TokenParts } from './verify-token.ts'

const URL_HERE = 'https://plimsoll.example'
const NOW = new Date('2026-11-20T12:00:00.000Z')
const SECONDS = NOW.getTime() / 1000
const CLAIMS = {
  iss: URL_HERE,
  aud: `${URL_HERE}/mcp/customers`,
  sub: 'usr_1',
  tenant: 'acme',
  sid: 'ses_1',
  client_id: 'cli_1',
  grant: 'grt_1',
  iat: SECONDS,
  exp: SECONDS + 900,
  scope: 'customers:read customers:write',
}
const TABLE: readonly ScopeGrant[] = [
  { scope: 'customers:read', describe: 'see customers', least: 'read-only' },
  { scope: 'customers:write', describe: 'change customers', least: 'member' },
  { scope: 'access:write', describe: 'manage people', least: 'admin' },
]
const REQUEST = { address: '127.0.0.1', resource: `${URL_HERE}/mcp/customers` }

const SIGNERS = {
  EdDSA: signer('EdDSA', () => generateKeyPairSync('ed25519')),
  ES256: signer('ES256', () => generateKeyPairSync('ec', { namedCurve: 'P-256' })),
  RS256: signer('RS256', () => generateKeyPairSync('rsa', { modulusLength: 2048 })),
}

function signer(alg: string, pair: () => { publicKey: KeyObject; privateKey: KeyObject }) {
  const { publicKey, privateKey } = pair()
  const publicJwk: JWK = { ...publicKey.export({ format: 'jwk' }), kid: `key-${alg}`, alg }
  const kit: ForgeryKit = {
    header: { alg, typ: 'at+jwt', kid: `key-${alg}` },
    claims: CLAIMS,
    publicJwk,
    signed(header, payload) {
      const body = `${Buffer.from(header).toString('base64url')}.${Buffer.from(payload).toString('base64url')}`
      const key = { key: privateKey, dsaEncoding: 'ieee-p1363' as const }
      return `${body}.${sign(alg === 'EdDSA' ? null : 'sha256', Buffer.from(body), key).toString('base64url')}`
    },
  }
  return kit
}

const token = (claims: object = {}, { header, signed }: ForgeryKit = SIGNERS.EdDSA) =>
  signed(JSON.stringify(header), JSON.stringify({ ...CLAIMS, ...claims }))

function authenticator(changes: Partial<TokenParts> = {}) {
  const state = {
    now: NOW,
    connected: true,
    asked: 0,
    loads: 0,
    role: 'member' as const,
    isGone: false,
    sessionEnds: new Date(SECONDS * 1000 + 3_600_000),
  }
  const listeners: ((topic: string | undefined) => void)[] = []
  const publicUrl = changes.publicUrl ?? (() => URL_HERE)
  const authenticate = tokenAuthenticator({
    rules: ownTokenRules({ publicUrl, lifetimeSecondsMax: 3600 }),
    keys: ownTokenKeys({
      clock: () => state.now,
      load: async () => {
        state.loads++
        return Object.values(SIGNERS).map(({ publicJwk }) => publicJwk)
      },
    }),
    publicUrl,
    scopes: () => TABLE,
    findGrant: async ({ subject: { id, tenantId, sessionId } }) => {
      state.asked++
      const isKnown = id === 'usr_1' && tenantId === 'acme' && sessionId === 'ses_1'
      return isKnown && !state.isGone ? { userId: id, role: state.role, expiresAt: state.sessionEnds } : undefined
    },
    revocations: {
      get connected() {
        return state.connected
      },
      onRevoked: (listener) => listeners.push(listener),
    },
    clock: () => state.now,
    ...changes,
  })
  const revoke = (topic?: string) => {
    for (const listener of listeners) listener(topic)
  }
  return { authenticate, state, revoke }
}

const refusal = async (work: () => unknown): Promise<string> => {
  try {
    await work()
  } catch (error) {
    expect(error).toMatchObject({ kind: 'unauthenticated' })
    return error instanceof Error ? error.message : ''
  }
  return 'accepted'
}

describe.each(Object.entries(SIGNERS))('a token signed with %s', (_alg, kit) => {
  it('authenticates its person at its resource, with those of its scopes that the role has', async () => {
    const { authenticate } = authenticator()
    const scope = 'customers:write access:write nonsense'
    expect(await authenticate(token({ scope }, kit), REQUEST)).toEqual({
      tenantId: 'acme',
      actor: { kind: 'user', id: 'usr_1' },
      userId: 'usr_1',
      role: 'member',
      scopes: new Set(['customers:write']),
    })
  })

  it.each(FORGED_TOKENS)('is refused when it is forged: $kind', async ({ forge }) => {
    const { authenticate } = authenticator()
    const forged = forge(kit)
    expect(await refusal(() => authenticate(forged, REQUEST))).not.toBe('accepted')
    expect(await refusal(() => authenticate(forged, REQUEST))).not.toBe('accepted')
  })
})

describe('a token', () => {
  it('without a scope claim has all scopes of the role', async () => {
    const { authenticate } = authenticator()
    expect(await authenticate(token({ scope: undefined }), REQUEST)).toMatchObject({
      scopes: new Set(['customers:read', 'customers:write']),
    })
  })

  it.each([
    [URL_HERE, '/mcp/customers/health', true],
    [URL_HERE, '/api', true],
    [`${URL_HERE}/mcp`, '/mcp/customers/health', true],
    [`${URL_HERE}/mcp`, '/mcp', true],
    [`${URL_HERE}/mcp`, '/api', false],
    [`${URL_HERE}/mcp/customers`, '/mcp', false],
    [`${URL_HERE}/mcp/customers`, '/mcp/customers-evil', false],
    [[`${URL_HERE}/api`, `${URL_HERE}/mcp/tasks`], '/mcp/tasks', true],
  ])('for %j is accepted at %s: %s', async (aud, path, isAccepted) => {
    const { authenticate } = authenticator()
    const request = { ...REQUEST, resource: `${URL_HERE}${path}` }
    const outcome = await refusal(() => authenticate(token({ aud }), request))
    expect(outcome).toBe(isAccepted ? 'accepted' : 'The access token is for another resource.')
  })

  it('is authenticated synchronously once it is cached, but only at its audience', async () => {
    const { authenticate, state } = authenticator()
    await authenticate(token(), REQUEST)
    expect(authenticate(token(), REQUEST)).toMatchObject({ tenantId: 'acme' })
    expect(() => authenticate(token(), { ...REQUEST, resource: `${URL_HERE}/mcp/tasks` })).toThrow('another resource')
    expect(state.asked).toBe(1)
  })

  it('is refused from the second of its expiry on, even when it is cached', async () => {
    const { authenticate, state } = authenticator()
    await authenticate(token(), REQUEST)
    state.now = new Date((SECONDS + 899) * 1000)
    expect(authenticate(token(), REQUEST)).toMatchObject({ tenantId: 'acme' })
    state.now = new Date((SECONDS + 900) * 1000)
    expect(() => authenticate(token(), REQUEST)).toThrow('expired')
  })

  it('is refused once its session has ended, even when it is cached', async () => {
    const { authenticate, state } = authenticator()
    state.sessionEnds = new Date((SECONDS + 60) * 1000)
    await authenticate(token(), REQUEST)
    state.now = new Date((SECONDS + 60) * 1000)
    expect(await refusal(() => authenticate(token(), REQUEST))).not.toBe('accepted')
    expect(await refusal(() => authenticate(token({ jti: '2' }), REQUEST))).toContain('session')
  })

  it('may be issued up to half a minute ahead of the server clock', async () => {
    const { authenticate } = authenticator()
    expect(await authenticate(token({ iat: SECONDS + 29, nbf: SECONDS + 29 }), REQUEST)).toMatchObject({
      userId: 'usr_1',
    })
  })

  it('is valid under every loopback name of a server with a loopback URL', async () => {
    const publicUrl = () => 'http://127.0.0.1:8080'
    const { authenticate } = authenticator({ publicUrl, rules: ownTokenRules({ publicUrl, lifetimeSecondsMax: 3600 }) })
    const made = token({ iss: publicUrl(), aud: 'http://localhost:8080/mcp' })
    expect(await authenticate(made, { ...REQUEST, resource: 'http://127.0.0.1:8080/mcp' })).toMatchObject({
      userId: 'usr_1',
    })
    const elsewhere = { ...REQUEST, resource: 'http://localhost:8081/mcp' }
    expect(await refusal(() => authenticate(made, elsewhere))).toContain('another resource')
  })
})

describe('revocation', () => {
  it.each(['session ses_1', 'member usr_1 acme', 'grant grt_1', undefined])(
    'signalled as %s removes the token from the cache',
    async (topic) => {
      const { authenticate, state, revoke } = authenticator()
      await authenticate(token(), REQUEST)
      state.isGone = true
      revoke(topic)
      expect(await refusal(() => authenticate(token(), REQUEST))).toContain('session')
    },
  )

  it('of another session keeps it cached', async () => {
    const { authenticate, state, revoke } = authenticator()
    await authenticate(token(), REQUEST)
    revoke('session ses_2')
    revoke('member usr_2 acme')
    revoke('grant grt_2')
    await authenticate(token(), REQUEST)
    expect(state.asked).toBe(1)
  })

  it('cannot be missed: the cache is not used while the signal connection is down', async () => {
    const { authenticate, state } = authenticator()
    await authenticate(token(), REQUEST)
    state.connected = false
    state.isGone = true
    expect(await refusal(() => authenticate(token(), REQUEST))).toContain('session')
  })

  it('during the look-up keeps its result out of the cache', async () => {
    const { authenticate, state, revoke } = authenticator()
    const reading = authenticate(token(), REQUEST)
    revoke('session ses_9')
    await reading
    await authenticate(token(), REQUEST)
    expect(state.asked).toBe(2)
  })

  it('missed during the look-up keeps its result out of the cache', async () => {
    const { authenticate, state } = authenticator()
    state.connected = false
    const reading = authenticate(token(), REQUEST)
    state.connected = true
    await reading
    expect(authenticate(token(), REQUEST)).toBeInstanceOf(Promise)
  })
})

describe('the keys of this installation', () => {
  it('are read once for many tokens, and again for an unknown key id', async () => {
    const { authenticate, state } = authenticator()
    await authenticate(token(), REQUEST)
    await authenticate(token({ jti: '2' }), REQUEST)
    expect(state.loads).toBe(1)
    const header = { ...SIGNERS.EdDSA.header, kid: 'new' }
    const unknown = SIGNERS.EdDSA.signed(JSON.stringify(header), JSON.stringify(CLAIMS))
    await Promise.all(Array.from({ length: 50 }, () => refusal(() => authenticate(unknown, REQUEST))))
    expect(state.loads).toBe(3)
  })

  it('added while a read is running are found by the next call', async () => {
    const { promise: held, resolve: release } = Promise.withResolvers<void>()
    const sets: JWK[][] = [[], [SIGNERS.EdDSA.publicJwk]]
    const keys = ownTokenKeys({
      clock: () => NOW,
      load: async () => {
        const set = sets.shift() ?? []
        if (set.length === 0) await held
        return set
      },
    })
    const before = keys.find('key-EdDSA')
    const after = keys.find('key-EdDSA')
    release()
    expect(await before).toBeUndefined()
    expect(await after).toMatchObject({ algorithm: 'EdDSA' })
  })

  it('that were removed are refused within a minute', async () => {
    let set = [SIGNERS.EdDSA.publicJwk]
    let now = NOW
    const keys = ownTokenKeys({ clock: () => now, load: async () => set })
    await keys.find('key-EdDSA')
    set = []
    expect(keys.find('key-EdDSA')).toMatchObject({ algorithm: 'EdDSA' })
    now = new Date(NOW.getTime() + 60_000)
    expect(await keys.find('key-EdDSA')).toBeUndefined()
  })
})
