import { describe, expect, it } from 'vitest'
import { configuration, loadConfig } from '../../settings.ts'
import { ConfigError, suspectVariables } from './load.ts'
import { configurationReference } from './reference.ts'
import { effectiveConfig } from './settings.ts'

const STRONG_KEY = 'p9Yt0m0hVJp2k8zN1i3xqv7QyTzA5rWbE6uDcGfHsLk='
const STRONG_SECRETS = {
  ENCRYPTION_KEY: STRONG_KEY,
  BETTER_AUTH_SECRET: 'hT3vK9qXw2LzR7mB4nYc8sJd6fGpQe1u',
  JWT_SECRET: 'Zr5tW8xN1kVb7mQ3gHj9cLp2sDf6yAe4',
}
const STRONG_TOKEN = 'f3a9c1d07b5e4826a1c9e7d3b5f08264d9c7'

const { settings } = configuration

function problemsOf(env: Record<string, string>) {
  try {
    loadConfig(env)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error('the configuration was accepted')
}

describe('loading the configuration', () => {
  it('needs nothing: every setting has a default or may be unset', () => {
    const config = loadConfig({})
    expect(config.server.port).toBe(8080)
    expect(config.database.url).toBeUndefined()
    expect(config.limits.enabled).toBe(true)
  })

  it('reads numbers, switches, lists and words', () => {
    const config = loadConfig({
      SERVER_PORT: '9090',
      RATE_LIMIT_ENABLED: 'false',
      ALLOWED_HOSTS: 'a.example, b.example',
      LOG_LEVEL: 'warning',
    })
    expect(config.server).toMatchObject({ port: 9090, allowedHosts: ['a.example', 'b.example'] })
    expect(config.limits.enabled).toBe(false)
    expect(config.observability.logLevel).toBe('WARNING')
  })

  it('takes an empty or blank variable as unset', () => {
    expect(loadConfig({ SERVER_PORT: '', DB_POOL_SIZE: '  ' })).toEqual(loadConfig({}))
  })

  it('knows the other names of the health weights, and prefers ours', () => {
    const aliased = { USAGE_WEIGHT: '0.3', PAYMENT_WEIGHT: '0.15' }
    expect(loadConfig(aliased).customers).toMatchObject({ usageWeight: 0.3, paymentWeight: 0.15 })
    const both = { ...aliased, HEALTH_SCORE_WEIGHT_USAGE: '0.3', USAGE_WEIGHT: '0.9' }
    expect(loadConfig(both).customers.usageWeight).toBe(0.3)
  })

  it('reports everything wrong at once: the variable, what was expected, what it got, an example', () => {
    const error = problemsOf({ SERVER_PORT: 'eighty', DB_POOL_SIZE: '0', LOG_FORMAT: 'xml', PUBLIC_URL: 'nowhere' })
    expect(error.message).toMatchInlineSnapshot(`
      "4 settings are wrong:
        SERVER_PORT: expected a whole number from 0 to 65535; got "eighty". Example: SERVER_PORT=8080
        PUBLIC_URL: expected a URL; got "nowhere". Example: PUBLIC_URL=https://mcp.example.com
        DB_POOL_SIZE: expected a whole number from 1 to 1000; got "0". Example: DB_POOL_SIZE=50
        LOG_FORMAT: expected one of json, text; got "xml". Example: LOG_FORMAT=json"
    `)
  })

  it('refuses health weights that do not sum to 1, and says what they sum to', () => {
    const { problems } = problemsOf({ HEALTH_SCORE_WEIGHT_USAGE: '0.5' })
    expect(problems[0]?.env).toBe('HEALTH_SCORE_WEIGHT_USAGE')
    expect(problems[0]?.expected).toContain('sum to 1, not 1.150')
  })

  it('never repeats a secret, however wrong', () => {
    const error = problemsOf({ ENCRYPTION_KEY: 'sesame-open', METRICS_TOKEN: 'sesame-open', DATABASE_URL: 'sesame' })
    expect(error.problems.map((problem) => problem.env)).toEqual(['DATABASE_URL', 'ENCRYPTION_KEY', 'METRICS_TOKEN'])
    expect(error.message).not.toContain('sesame')
  })

  it('suspects variables that look like ours with a slip, and no others', () => {
    expect(
      suspectVariables(configuration, {
        DATABSE_URL: 'x',
        LOG_LEVLE: 'x',
        PATH: 'x',
        HOMEBREW_PREFIX: 'x',
        REDIS_URL: 'x',
      }),
    ).toEqual([
      { set: 'DATABSE_URL', meant: 'DATABASE_URL' },
      { set: 'LOG_LEVLE', meant: 'LOG_LEVEL' },
    ])
  })

  it('reads PORT, as hosting platforms set it, unless SERVER_PORT is set', () => {
    expect(suspectVariables(configuration, { PORT: '3000' })).toEqual([])
    expect(loadConfig({ PORT: '3000' }).server.port).toBe(3000)
    expect(loadConfig({ PORT: '3000', SERVER_PORT: '9000' }).server.port).toBe(9000)
  })

  it.each([
    ['HTTPS://MCP.Example.COM/', 'https://mcp.example.com'],
    ['https://mcp.example.com:443', 'https://mcp.example.com'],
    ['http://127.0.0.1:8080//', 'http://127.0.0.1:8080'],
  ])('reads the public URL %s as the origin %s', (given, origin) => {
    expect(loadConfig({ PUBLIC_URL: given }).server.publicUrl).toBe(origin)
  })

  it.each([
    ['PUBLIC_URL', 'https://example.com/plimsoll', 'without path'],
    ['PUBLIC_URL', 'https://me:secret@example.com', 'credentials'],
    ['PUBLIC_URL', 'example.com', 'a URL'],
    ['ALLOWED_HOSTS', '*', 'host names'],
    ['ALLOWED_HOSTS', 'mcp.example.com:8080', 'without port'],
    ['TRUSTED_PROXIES', '10.0.0.0/8,proxy.internal', 'CIDR'],
    ['TRUSTED_PROXIES', '10.0.0.0/33', 'CIDR'],
  ])('refuses %s=%s', (variable, value, expected) => {
    const { problems } = problemsOf({ [variable]: value })
    expect(problems).toEqual([expect.objectContaining({ env: variable, expected: expect.stringContaining(expected) })])
  })

  it('shows the command that makes a key where one is wrong', () => {
    expect(problemsOf({ ENCRYPTION_KEY: 'x' }).message).toContain('ENCRYPTION_KEY=$(openssl rand -base64 32)')
  })
})

const DATABASE_URL = 'postgresql://plimsoll:Xq4vT9wLm2@db.internal/plimsoll'

describe('production', () => {
  const good = {
    ENVIRONMENT: 'production',
    PUBLIC_URL: 'https://mcp.example.com',
    DATABASE_URL,
    ...STRONG_SECRETS,
  }

  it('starts with strong secrets', () => {
    const config = loadConfig({ ...good, METRICS_TOKEN: STRONG_TOKEN, OUTBOUND_ALLOW_LOOPBACK: 'false' })
    expect(config.server.environment).toBe('production')
  })

  it.each<[string, Record<string, string>, string]>([
    ['a missing key', { ENCRYPTION_KEY: '' }, 'ENCRYPTION_KEY'],
    ['a key of zeros', { ENCRYPTION_KEY: Buffer.alloc(32).toString('base64') }, 'ENCRYPTION_KEY'],
    ['a key that encodes text', { ENCRYPTION_KEY: btoa('nobody will ever guess this text') }, 'ENCRYPTION_KEY'],
    ['a token that repeats a word', { METRICS_TOKEN: 'changeme'.repeat(4) }, 'METRICS_TOKEN'],
    ['a token with a well-known word', { METRICS_TOKEN: `${STRONG_TOKEN}-password` }, 'METRICS_TOKEN'],
    ['a token of one letter', { METRICS_TOKEN: 'a'.repeat(40) }, 'METRICS_TOKEN'],
    ['a token in order', { METRICS_TOKEN: 'abcdefghijklmnopqrstuvwxyz0123456789' }, 'METRICS_TOKEN'],
    ['the default of PostgreSQL', { DATABASE_URL: 'postgresql://postgres:postgres@db/x' }, 'DATABASE_URL'],
    ['the user name as password', { DATABASE_URL: 'postgresql://serviceuser:serviceuser@db/x' }, 'DATABASE_URL'],
    ['a short password', { DATABASE_URL: 'postgresql://plimsoll:x7Q@db/x' }, 'DATABASE_URL'],
    ['a distant Redis without password', { REDIS_URL: 'redis://redis.internal:6379' }, 'REDIS_URL'],
    ['a public URL without TLS', { PUBLIC_URL: 'http://mcp.example.com' }, 'PUBLIC_URL'],
    ['no public URL', { PUBLIC_URL: '' }, 'PUBLIC_URL'],
    ['the embedded database', { DATABASE_URL: '' }, 'DATABASE_URL'],
    ['no rate limits', { RATE_LIMIT_ENABLED: 'false' }, 'RATE_LIMIT_ENABLED'],
    ['cookies over plain HTTP', { SECURE_COOKIES: 'no' }, 'SECURE_COOKIES'],
    ['a proxy at every address', { TRUSTED_PROXIES: '0.0.0.0/0' }, 'TRUSTED_PROXIES'],
    ['a proxy at every IPv6 address', { TRUSTED_PROXIES: '10.0.0.0/8,::/0' }, 'TRUSTED_PROXIES'],
    ['every page', { CORS_ORIGINS: '*' }, 'CORS_ORIGINS'],
    ['one secret for two purposes', { JWT_SECRET: STRONG_SECRETS.BETTER_AUTH_SECRET }, 'JWT_SECRET'],
    ['calls to its own machine', { OUTBOUND_ALLOW_LOOPBACK: 'true' }, 'OUTBOUND_ALLOW_LOOPBACK'],
  ])('refuses %s', (_what, env, variable) => {
    const { problems } = problemsOf({ ...good, ...env })
    expect(problems.map((problem) => problem.env)).toEqual([variable])
  })

  it('may be tried on this machine without TLS', () => {
    expect(loadConfig({ ...good, PUBLIC_URL: 'http://127.0.0.1:8080' }).server.publicUrl).toContain('127.0.0.1')
  })

  it('lets a Redis on the same machine go without password', () => {
    expect(loadConfig({ ...good, REDIS_URL: 'redis://127.0.0.1:6379' }).cache.redisUrl).toContain('127.0.0.1')
  })

  it('is the only place where most weak secrets stop the start', () => {
    expect(loadConfig({ METRICS_TOKEN: 'a'.repeat(40) }).observability.metricsToken).toHaveLength(40)
  })

  it('looks at every key of a list', () => {
    const { problems } = problemsOf({ ...good, ENCRYPTION_KEYS_PREVIOUS: `${STRONG_KEY},${btoa('0'.repeat(32))}` })
    expect(problems.map((problem) => problem.env)).toEqual(['ENCRYPTION_KEYS_PREVIOUS'])
  })
})

describe('what signs tokens and cookies', () => {
  it.each(['JWT_SECRET', 'BETTER_AUTH_SECRET'])(
    'is refused in every environment when it can be guessed: %s',
    (name) => {
      for (const ENVIRONMENT of ['development', 'test', 'staging', 'production']) {
        for (const weak of [
          'your-256-bit-secret-your-256-bit-secret',
          'keyboard cat keyboard cat keyboard cat',
          'q'.repeat(32),
        ]) {
          const { problems } = problemsOf({ ENVIRONMENT, [name]: weak })
          expect(problems.find(({ env }) => env === name)?.expected).toContain('a strong secret')
        }
      }
    },
  )
})

describe('what the configuration says of itself', () => {
  it('shows every value in effect, and no secret', () => {
    const env = { ENCRYPTION_KEY: STRONG_KEY, DATABASE_URL: 'postgresql://u:sesame-open@db:5432/x', SERVER_PORT: '1' }
    const shown = effectiveConfig(configuration, loadConfig(env))
    expect(shown).toContainEqual({ env: 'SERVER_PORT', value: '1' })
    expect(shown).toContainEqual({ env: 'ENCRYPTION_KEY', value: '(hidden)' })
    expect(shown).toContainEqual({ env: 'DATABASE_URL', value: 'postgresql://***@db:5432/x' })
    expect(shown).toContainEqual({ env: 'REDIS_URL', value: '(unset)' })
    expect(shown).toHaveLength(settings.length)
  })

  it('documents every setting once, and every example is a value it would accept', () => {
    const text = configurationReference(configuration)
    expect(settings.length).toBeGreaterThan(40)
    for (const setting of settings) {
      expect(text).toContain(`\`${setting.env}\``)
      const env = {
        ...STRONG_SECRETS,
        DATABASE_URL,
        PUBLIC_URL: 'https://mcp.example.com',
        [setting.env]: setting.example,
      }
      if (setting.secret !== true) expect(() => loadConfig(env)).not.toThrow()
    }
    expect(new Set(settings.map((setting) => setting.env)).size).toBe(settings.length)
  })
})
