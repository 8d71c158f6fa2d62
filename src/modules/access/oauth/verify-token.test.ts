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

const PENS = {
  EdDSA: pen('EdDSA', () => generateKeyPairSync('ed25519')),
  ES256: pen('ES256', () => generateKeyPairSync('ec', { namedCurve: 'P-256' })),
  RS256: pen('RS256', () => generateKeyPairSync('rsa', { modulusLength: 2048 })),
}

function pen(alg: string, pair: () => { publicKey: KeyObject; privateKey: KeyObject }) {
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

const token = (claims: object = {}, { header, signed }: ForgeryKit = PENS.EdDSA) =>
  signed(JSON.stringify(header), JSON.stringify({ ...CLAIMS, ...claims }))

function authenticator(changes: Partial<TokenParts> = {}) {
  const world = {
    now: NOW,
    connected: true,
    asked: 0,
    loads: 0,
    role: 'member' as const,
    isGone: false,
    sessionEnds: new Date(SECONDS * 1000 + 3_600_000),
  }
  const heard: ((topic: string | undefined) => void)[] = []
  const publicUrl = changes.publicUrl ?? (() => URL_HERE)
  const authenticate = tokenAuthenticator({
    rules: ownTokenRules({ publicUrl, lifeSecondsMax: 3600 }),
    keys: ownTokenKeys({
      clock: () => world.now,
      load: async () => {
        world.loads++
        return Object.values(PENS).map(({ publicJwk }) => publicJwk)
      },
    }),
    publicUrl,
    scopes: () => TABLE,
    findGrant: async ({ subject: { id, tenantId, sessionId } }) => {
      world.asked++
      const isKnown = id === 'usr_1' && tenantId === 'acme' && sessionId === 'ses_1'
      return isKnown && !world.isGone ? { userId: id, role: world.role, expiresAt: world.sessionEnds } : undefined
    },
    revocations: {
      get connected() {
        return world.connected
      },
      onRevoked: (act) => heard.push(act),
    },
    clock: () => world.now,
    ...changes,
  })
  const tell = (topic?: string) => {
    for (const act of heard) act(topic)
  }
  return { authenticate, world, tell }
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

describe.each(Object.entries(PENS))('a token signed with %s', (_alg, kit) => {
  it('opens its resource as its person, with the scopes it names of those that the role holds', async () => {
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
  it('that names no scopes holds all that the role holds', async () => {
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
  ])('for %j opens %s: %s', async (aud, path, opens) => {
    const { authenticate } = authenticator()
    const request = { ...REQUEST, resource: `${URL_HERE}${path}` }
    const outcome = await refusal(() => authenticate(token({ aud }), request))
    expect(outcome).toBe(opens ? 'accepted' : 'The access token is for another resource.')
  })

  it('once known is answered without a promise, but only where it is for', async () => {
    const { authenticate, world } = authenticator()
    await authenticate(token(), REQUEST)
    expect(authenticate(token(), REQUEST)).toMatchObject({ tenantId: 'acme' })
    expect(() => authenticate(token(), { ...REQUEST, resource: `${URL_HERE}/mcp/tasks` })).toThrow('another resource')
    expect(world.asked).toBe(1)
  })

  it('is refused from the second on in which it expires, even from memory', async () => {
    const { authenticate, world } = authenticator()
    await authenticate(token(), REQUEST)
    world.now = new Date((SECONDS + 899) * 1000)
    expect(authenticate(token(), REQUEST)).toMatchObject({ tenantId: 'acme' })
    world.now = new Date((SECONDS + 900) * 1000)
    expect(() => authenticate(token(), REQUEST)).toThrow('expired')
  })

  it('is refused once its session has ended, even from memory', async () => {
    const { authenticate, world } = authenticator()
    world.sessionEnds = new Date((SECONDS + 60) * 1000)
    await authenticate(token(), REQUEST)
    world.now = new Date((SECONDS + 60) * 1000)
    expect(await refusal(() => authenticate(token(), REQUEST))).not.toBe('accepted')
    expect(await refusal(() => authenticate(token({ jti: '2' }), REQUEST))).toContain('session')
  })

  it('may be up to half a minute ahead of this clock', async () => {
    const { authenticate } = authenticator()
    expect(await authenticate(token({ iat: SECONDS + 29, nbf: SECONDS + 29 }), REQUEST)).toMatchObject({
      userId: 'usr_1',
    })
  })

  it('is good under each loopback name of a server that listens there', async () => {
    const publicUrl = () => 'http://127.0.0.1:8080'
    const { authenticate } = authenticator({ publicUrl, rules: ownTokenRules({ publicUrl, lifeSecondsMax: 3600 }) })
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
    'told as %s takes the token out of memory',
    async (topic) => {
      const { authenticate, world, tell } = authenticator()
      await authenticate(token(), REQUEST)
      world.isGone = true
      tell(topic)
      expect(await refusal(() => authenticate(token(), REQUEST))).toContain('session')
    },
  )

  it('of another session leaves it there', async () => {
    const { authenticate, world, tell } = authenticator()
    await authenticate(token(), REQUEST)
    tell('session ses_2')
    tell('member usr_2 acme')
    tell('grant grt_2')
    await authenticate(token(), REQUEST)
    expect(world.asked).toBe(1)
  })

  it('cannot be missed: nothing is taken from memory while it is not heard', async () => {
    const { authenticate, world } = authenticator()
    await authenticate(token(), REQUEST)
    world.connected = false
    world.isGone = true
    expect(await refusal(() => authenticate(token(), REQUEST))).toContain('session')
  })

  it('during the look-up keeps what was read out of memory', async () => {
    const { authenticate, world, tell } = authenticator()
    const reading = authenticate(token(), REQUEST)
    tell('session ses_9')
    await reading
    await authenticate(token(), REQUEST)
    expect(world.asked).toBe(2)
  })

  it('missed during the look-up keeps what was read out of memory', async () => {
    const { authenticate, world } = authenticator()
    world.connected = false
    const reading = authenticate(token(), REQUEST)
    world.connected = true
    await reading
    expect(authenticate(token(), REQUEST)).toBeInstanceOf(Promise)
  })
})

describe('the keys of this installation', () => {
  it('are read once for many tokens, and again for a key id that is not known', async () => {
    const { authenticate, world } = authenticator()
    await authenticate(token(), REQUEST)
    await authenticate(token({ jti: '2' }), REQUEST)
    expect(world.loads).toBe(1)
    const header = { ...PENS.EdDSA.header, kid: 'new' }
    const unknown = PENS.EdDSA.signed(JSON.stringify(header), JSON.stringify(CLAIMS))
    await Promise.all(Array.from({ length: 50 }, () => refusal(() => authenticate(unknown, REQUEST))))
    expect(world.loads).toBe(3)
  })

  it('made while a read is running are found by whoever asks after that', async () => {
    const { promise: held, resolve: release } = Promise.withResolvers<void>()
    const sets: JWK[][] = [[], [PENS.EdDSA.publicJwk]]
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

  it('that were taken away are refused within a minute', async () => {
    let set = [PENS.EdDSA.publicJwk]
    let now = NOW
    const keys = ownTokenKeys({ clock: () => now, load: async () => set })
    await keys.find('key-EdDSA')
    set = []
    expect(keys.find('key-EdDSA')).toMatchObject({ algorithm: 'EdDSA' })
    now = new Date(NOW.getTime() + 60_000)
    expect(await keys.find('key-EdDSA')).toBeUndefined()
  })
})
