import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { personal } from './personal.ts'
import { redactedJson, redactedText } from './redact.ts'

const kept = (value: unknown): unknown =>
  JSON.parse(redactedJson(value, (person, json) => ({ $person: person, sealed: json })) ?? 'null')

describe('the audit trail', () => {
  it.each([
    'password',
    'newPassword',
    'token',
    'refresh_token',
    'access-token',
    'client_secret',
    'key',
    'apiKey',
    'hash',
    'otp',
    'cookie',
    'Authorization',
    'Set-Cookie',
    'totpSecret',
    'backup_codes',
    'private_key',
    'two_factor_secret',
    'tokens',
  ])('holds no %s', (name) => {
    expect(kept({ [name]: 'hunter2' })).toEqual({ [name]: '[withheld: secret]' })
    expect(kept({ [name]: 123456 })).toEqual({ [name]: '[withheld: secret]' })
    expect(kept({ [name]: { inner: 'hunter2' } })).toEqual({ [name]: '[withheld: secret]' })
    expect(kept({ [name]: personal('user:usr_1', 'hunter2') })).toEqual({ [name]: '[withheld: secret]' })
  })

  it.each([
    'email',
    'primary_contact_email',
    'userEmail',
    'phone',
    'mobile_phone',
    'first_name',
    'lastName',
    'full_name',
    'contact_name',
    'primary_contact_name',
    'address',
    'ip',
    'ipAddress',
    'remote_addr',
    'date_of_birth',
    'username',
    'user_agent',
    'emails',
  ])('holds no %s that is not marked as a person’s', (name) => {
    expect(kept({ [name]: 'Ada Lovelace' })).toEqual({ [name]: '[withheld: personal]' })
    expect(kept({ [name]: ['Ada', { street: 'Main' }] })).toEqual({
      [name]: ['[withheld: personal]', { street: '[withheld: personal]' }],
    })
    expect(kept({ [name]: personal('user:usr_1', 'Ada') })).toEqual({
      [name]: { $person: 'user:usr_1', sealed: '"Ada"' },
    })
  })

  it.each([
    'key_id',
    'keyId',
    'token_count',
    'password_changed_at',
    'email_verified',
    'key_prefix',
    'client_name',
    'company_name',
    'name',
    'health_score',
  ])('keeps %s, which is neither', (name) => {
    expect(kept({ [name]: 'value' })).toEqual({ [name]: 'value' })
  })

  it('keeps booleans, and nulls, of any name', () => {
    expect(kept({ password: true, email: null })).toEqual({ password: true, email: null })
  })

  it('takes the name of a contact for a person’s', () => {
    expect(kept({ contact: { name: 'Ada' } })).toEqual({ contact: { name: '[withheld: personal]' } })
  })

  it.each([
    ['written to ada@example.com today', 'written to [withheld: personal] today'],
    ['call +49 170 1234567', 'call [withheld: personal]'],
    ['key plim_0123456789abcdefghij', 'key [withheld: secret]'],
    ['Bearer abcdefghijk', '[withheld: secret]'],
    ['postgres://ada:pw@db/plimsoll', 'postgres://[withheld: secret]@db/plimsoll'],
    ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc', '[withheld: secret]'],
    ['2026-11-21T03:04:05+02:00 v1.2.3', '2026-11-21T03:04:05+02:00 v1.2.3'],
  ])('holds nothing that gives itself away: %s', (text, expected) => {
    expect(redactedText(text)).toBe(expected)
    expect(kept({ note: text })).toEqual({ note: expected })
  })

  it('takes nothing of a caller’s for a value that it encrypted', () => {
    expect(kept({ $person: 'user:usr_1', sealed: 'AAAA' })).toEqual({ _$person: 'user:usr_1', sealed: 'AAAA' })
  })

  it('cuts what is too large to be read', () => {
    expect(kept({ list: Array.from({ length: 50_000 }, () => 'something') })).toBe('[withheld: too large]')
  })

  it('makes text of anything that PostgreSQL can store as jsonb', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        const json = redactedJson({ value }, () => null) ?? ''
        expect(json).not.toMatch(/\\u0000|\\ud[89a-f]/i)
      }),
    )
  })
})
