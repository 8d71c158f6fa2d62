import { z } from 'zod'
import { commaList, notOff, setting, wholeNumber, yesOrNo } from './setting.ts'

export const CacheSettings = z.object({
  redisUrl: setting('REDIS_URL', z.url({ protocol: /^rediss?$/ }).optional(), {
    describe:
      'Redis 7 or newer, for a shared cache and shared rate limits. Unset: both stay in each process. New connections use a new password; another server or user needs a restart.',
    example: 'rediss://:a-long-password@redis.internal:6379/0',
    secret: true,
    followed: true,
  }),
  entriesMax: setting('CACHE_ENTRIES_MAX', wholeNumber(100, 10_000_000).default(20_000), {
    describe: 'Values the in-process cache holds at most.',
    example: '20000',
  }),
})

export const LimitSettings = z.object({
  enabled: setting('RATE_LIMIT_ENABLED', yesOrNo().default(true), {
    describe: 'Apply the rate limits.',
    example: 'true',
    inProduction: notOff('`true` (raise the limits instead)'),
  }),
  perKeyPerMinute: setting('RATE_LIMIT_PER_KEY_PER_MINUTE', wholeNumber(1, 100_000_000).default(6000), {
    describe: 'Calls one API key may make in a minute, all tools together.',
    example: '6000',
  }),
  perIpPerMinute: setting('RATE_LIMIT_PER_IP_PER_MINUTE', wholeNumber(1, 100_000_000).default(100), {
    describe: 'Requests without a valid key that one address may make in a minute.',
    example: '100',
  }),
  guestPerMinute: callsAMinute('GUEST', 10, 'Requests of one address to public routes, without signing in'),
  userPerMinute: callsAMinute('USER', 60, 'Calls of one signed-in person whose role is read-only or member'),
  managerPerMinute: callsAMinute('MANAGER', 120, 'The same for managers; admins and owners are not limited'),
  strictGuestPerMinute: callsAMinute(
    'STRICT_GUEST',
    5,
    'Requests of one address to each route that takes credentials, such as sign-in; raise it where many people share an address',
  ),
  strictUserPerMinute: callsAMinute('STRICT_USER', 10, 'Calls of one signed-in person, or key, to each such route'),
  strictManagerPerMinute: callsAMinute('STRICT_MANAGER', 20, 'The same for managers'),
  lenientGuestPerMinute: callsAMinute(
    'LENIENT_GUEST',
    20,
    'Requests of one address to public pages and what is cheap to answer',
  ),
  lenientUserPerMinute: callsAMinute('LENIENT_USER', 100, 'Calls of one signed-in person to routes that are cheap'),
  lenientManagerPerMinute: callsAMinute('LENIENT_MANAGER', 200, 'The same for managers'),
})

function callsAMinute(whose: string, preset: number, describe: string) {
  return setting(`RATE_LIMIT_${whose}_PER_MINUTE`, wholeNumber(1, 100_000_000).default(preset), {
    describe: `${describe}, in a minute.`,
    example: String(preset),
  })
}

export const SecuritySettings = z.object({
  encryptionKey: setting(
    'ENCRYPTION_KEY',
    z
      .base64()
      .refine((text) => Buffer.from(text, 'base64').length >= 32, 'base64 of at least 32 bytes')
      .optional(),
    {
      describe:
        'Root key, base64 of at least 32 random bytes (`openssl rand -base64 32`). Encrypts fields; signs the audit chain, confirmations, forms and request state. Development makes one under `DATA_DIR`.',
      example: '$(openssl rand -base64 32)',
      secret: true,
      followed: true,
      requiredInProduction: true,
    },
  ),
  previousEncryptionKeys: setting(
    'ENCRYPTION_KEYS_PREVIOUS',
    commaList()
      .refine(
        (keys) => keys.every((text) => /^[A-Za-z0-9+/]+={0,2}$/.test(text) && Buffer.from(text, 'base64').length >= 32),
        'a list, separated by commas, of base64 of at least 32 bytes',
      )
      .default([]),
    {
      describe:
        'Root keys that only open what was encrypted under them, until `plimsoll secrets rotate` says that nothing is.',
      example: 'p9Yt0m0hVJp2k8zN1i3xqv7QyTzA5rWbE6uDcGfHsLk=',
      secret: true,
      followed: true,
    },
  ),
})

export const ObservabilitySettings = z.object({
  logLevel: setting(
    'LOG_LEVEL',
    z
      .string()
      .transform((text) => text.toUpperCase())
      .pipe(z.enum(['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL']))
      .default('INFO'),
    { describe: 'Least severe level that is logged: DEBUG, INFO, WARNING, ERROR or CRITICAL.', example: 'WARNING' },
  ),
  logFormat: setting('LOG_FORMAT', z.enum(['json', 'text']).default('json'), {
    describe: 'One JSON object a line, or text for people.',
    example: 'json',
  }),
  traceEndpoint: setting('OTEL_EXPORTER_OTLP_ENDPOINT', z.url({ protocol: /^https?$/ }).optional(), {
    describe: 'OTLP/HTTP collector. Unset: no spans are made.',
    example: 'http://otel-collector:4318',
  }),
  traceSampleShare: setting('OTEL_TRACES_SAMPLER_ARG', z.coerce.number().min(0).max(1).default(1), {
    describe: 'Share of new traces that are recorded; an incoming sampled trace always is.',
    example: '0.1',
  }),
  metricsToken: setting('METRICS_TOKEN', z.string().min(32).optional(), {
    describe: 'Bearer token that `/metrics` asks for. Unset: open, so keep the port internal.',
    example: 'at least 32 characters',
    secret: true,
    followed: true,
  }),
})

export const McpSettings = z.object({
  sessionsMax: setting('MCP_SESSIONS_MAX', wholeNumber(1, 1_000_000).default(1000), {
    describe: 'Sessions of 2025-era clients that are open at once.',
    example: '1000',
  }),
  sessionIdleSeconds: setting('MCP_SESSION_IDLE_SECONDS', wholeNumber(1, 86_400).default(900), {
    describe: 'Idle time after which such a session is closed.',
    example: '900',
  }),
})
