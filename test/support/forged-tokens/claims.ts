import { json, signed, without } from './kit.ts'
import type { ForgeryKind, ForgeryKit } from './kit.ts'

const sub = (kit: ForgeryKit) => String(kit.claims['sub'])
const seconds = (kit: ForgeryKit, name: string) => Number(kit.claims[name])

/** Tokens with wrong claims and the issuer's valid signature. */
export const CLAIMS: readonly ForgeryKind[] = [
  {
    kind: 'a client without a grant',
    forge: (kit) => signed(kit, { claims: { client_id: 'cli_1', grant: undefined } }),
  },
  ...['sub', 'sid', 'tenant', 'iss', 'aud', 'exp', 'iat'].map((name) => ({
    kind: `no ${name}`,
    forge: (kit: ForgeryKit) => kit.signed(json(kit.header), json(without(kit.claims, name))),
  })),
  { kind: 'sub that is a number', forge: (kit) => signed(kit, { claims: { sub: 1 } }) },
  { kind: 'sub that is a list', forge: (kit) => signed(kit, { claims: { sub: [sub(kit)] } }) },
  { kind: 'sub that is an object', forge: (kit) => signed(kit, { claims: { sub: { $ne: null } } }) },
  { kind: 'sub that is empty', forge: (kit) => signed(kit, { claims: { sub: '' } }) },
  { kind: 'sub that is null', forge: (kit) => signed(kit, { claims: { sub: null } }) },
  { kind: 'tenant that is true', forge: (kit) => signed(kit, { claims: { tenant: true } }) },
  { kind: 'tenant that is a list', forge: (kit) => signed(kit, { claims: { tenant: [kit.claims['tenant']] } }) },
  { kind: 'sid that is a number', forge: (kit) => signed(kit, { claims: { sid: 7 } }) },
  { kind: 'exp that is text', forge: (kit) => signed(kit, { claims: { exp: String(kit.claims['exp']) } }) },
  { kind: 'exp that is null', forge: (kit) => signed(kit, { claims: { exp: null } }) },
  { kind: 'exp that is true', forge: (kit) => signed(kit, { claims: { exp: true } }) },
  {
    kind: 'exp that is infinite',
    forge: (kit) => kit.signed(json(kit.header), json({ ...kit.claims, exp: 0 }).replace('"exp":0', '"exp":1e999')),
  },
  { kind: 'exp that is negative', forge: (kit) => signed(kit, { claims: { exp: -1 } }) },
  { kind: 'nbf that is text', forge: (kit) => signed(kit, { claims: { nbf: '0' } }) },
  { kind: 'iat that is text', forge: (kit) => signed(kit, { claims: { iat: '0' } }) },
  { kind: 'scope that is a list', forge: (kit) => signed(kit, { claims: { scope: ['customers:write'] } }) },
  { kind: 'aud that is an object', forge: (kit) => signed(kit, { claims: { aud: { 0: kit.claims['aud'] } } }) },
  { kind: 'aud that is an empty list', forge: (kit) => signed(kit, { claims: { aud: [] } }) },
  { kind: 'aud with a number beside ours', forge: (kit) => signed(kit, { claims: { aud: [kit.claims['aud'], 1] } }) },
  { kind: 'iss that is a list', forge: (kit) => signed(kit, { claims: { iss: [kit.claims['iss']] } }) },
  {
    kind: 'expired',
    forge: (kit) => signed(kit, { claims: { exp: seconds(kit, 'iat') - 1, iat: seconds(kit, 'iat') - 60 } }),
  },
  {
    kind: 'expired this second',
    forge: (kit) => signed(kit, { claims: { exp: seconds(kit, 'iat'), iat: seconds(kit, 'iat') - 60 } }),
  },
  { kind: 'exp in the far future', forge: (kit) => signed(kit, { claims: { exp: 4_102_444_800 } }) },
  { kind: 'exp in milliseconds', forge: (kit) => signed(kit, { claims: { exp: seconds(kit, 'exp') * 1000 } }) },
  { kind: 'not valid yet', forge: (kit) => signed(kit, { claims: { nbf: seconds(kit, 'iat') + 300 } }) },
  { kind: 'issued in the future', forge: (kit) => signed(kit, { claims: { iat: seconds(kit, 'iat') + 300 } }) },
  ...['https://elsewhere.example/mcp', 'plimsoll', '', 'http:', 'https:', 'h', '*', 'null'].map((aud) => ({
    kind: `audience ${json(aud)}`,
    forge: (kit: ForgeryKit) => signed(kit, { claims: { aud } }),
  })),
  ...[
    '/mcp/customers-evil',
    '/mcp/customer',
    '/mcp-evil',
    '/api',
    '.evil.example',
    '@evil.example',
    '/mcp/customers/../..',
    '/MCP/customers',
    '/mcp/customers?x',
    '/mcp/customers#x',
    '//mcp',
  ].map((path) => ({
    kind: `audience of our origin with ${path}`,
    forge: (kit: ForgeryKit) => signed(kit, { claims: { aud: `${String(kit.claims['iss'])}${path}` } }),
  })),
  { kind: 'bound to a key that nobody shows (cnf)', forge: (kit) => signed(kit, { claims: { cnf: { jkt: 'x' } } }) },
  { kind: 'another issuer', forge: (kit) => signed(kit, { claims: { iss: 'https://attacker.example' } }) },
  {
    kind: 'our issuer with a slash',
    forge: (kit) => signed(kit, { claims: { iss: `${String(kit.claims['iss'])}/` } }),
  },
  { kind: 'another tenant', forge: (kit) => signed(kit, { claims: { tenant: 'somebody-else' } }) },
  { kind: 'another person', forge: (kit) => signed(kit, { claims: { sub: 'usr_other' } }) },
  { kind: 'another session', forge: (kit) => signed(kit, { claims: { sid: 'ses_other' } }) },
]
