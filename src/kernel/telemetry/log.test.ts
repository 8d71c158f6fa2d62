import { describe, expect, it } from 'vitest'
import { createLog } from './log.ts'
import type { LogOptions } from './log.ts'

function logged(settings: LogOptions['settings'], write: (log: ReturnType<typeof createLog>) => void): string {
  let text = ''
  write(
    createLog({
      settings,
      version: '1.2.3',
      to: {
        write: (line: string) => {
          text += line
        },
      },
    }),
  )
  return text
}

const json = { logLevel: 'INFO', logFormat: 'json' } as const

describe('a log line', () => {
  it('is one JSON object with level, time, service and version', () => {
    const line: unknown = JSON.parse(logged(json, (log) => log.warn({ tenant: 't1' }, 'slow query')))
    expect(line).toMatchObject({
      level: 'WARNING',
      msg: 'slow query',
      tenant: 't1',
      service: 'plimsoll',
      version: '1.2.3',
    })
    expect(line).toHaveProperty('time', expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/))
  })

  it('names the five levels as the settings do, and leaves out what is below the one set', () => {
    const text = logged({ ...json, logLevel: 'ERROR' }, (log) => {
      log.info('quiet')
      log.error('loud')
      log.fatal('last words')
    })
    expect(text).not.toContain('quiet')
    expect(text).toContain('"level":"ERROR"')
    expect(text).toContain('"level":"CRITICAL"')
  })

  it.each([
    ['a header', { req: { headers: { authorization: 'Bearer sesame-open' } } }],
    ['a cookie', { headers: { cookie: 'session=sesame-open' } }],
    ['a password', { password: 'sesame-open' }],
    ['a nested token', { vendor: { login: { accessToken: 'sesame-open' } } }],
    ['an e-mail address', { contact: { email: 'sesame-open@example.com' } }],
    ['a URL with credentials', { url: 'postgresql://plimsoll:sesame-open@db:5432/x' }],
    ['a URL with a token', { url: 'https://x.test/hook?token=sesame-open&a=1' }],
    ['an error message', { err: new Error('connect redis://:sesame-open@redis failed') }],
    ['a key of ours', { note: 'key plim_live_sesame-open was used' }],
  ])('never shows %s', (_what, fields) => {
    const text = logged(json, (log) => log.info(fields, 'it happened'))
    expect(text).toContain('it happened')
    expect(text).toContain('***')
    expect(text).not.toContain('sesame-open')
  })

  it('never shows a secret that was put into the message', () => {
    expect(logged(json, (log) => log.info('got Bearer sesame-open from a caller'))).not.toContain('sesame-open')
  })

  it('is readable text when text is asked for, as clean as the JSON', () => {
    const text = logged({ logLevel: 'DEBUG', logFormat: 'text' }, (log) =>
      log.debug({ password: 'sesame-open', tenant: 't1' }, 'hello'),
    )
    expect(text).toMatch(/DEBUG.*hello/)
    expect(text).toContain('t1')
    expect(text).not.toContain('sesame-open')
  })
})
