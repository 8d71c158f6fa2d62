import { b64, json, partsOf, signed, unsigned, valid, without } from './kit.ts'
import type { ForgeryKind } from './kit.ts'

/** Tokens whose signed content is valid, in a malformed encoding. */
export const FORM: readonly ForgeryKind[] = [
  { kind: 'padding after the signature', forge: (kit) => `${valid(kit)}=` },
  { kind: 'padding after two parts', forge: (kit) => valid(kit).replaceAll('.', '=.') },
  {
    kind: 'trailing bits in the signature',
    forge: (kit) => {
      const { header, payload, signature } = partsOf(kit)
      return `${header}.${payload}.${withTrailingBits(signature)}`
    },
  },
  {
    kind: 'base64 with + and / for - and _',
    forge: (kit) => {
      const { header, payload, signature } = partsOf(kit)
      return `${header}.${payload}.+/${signature.slice(2)}`
    },
  },
  { kind: 'a line break within', forge: (kit) => valid(kit).replace('.', '.\n') },
  { kind: 'a blank within the signature', forge: (kit) => `${valid(kit).slice(0, -4)} ${valid(kit).slice(-4)}` },
  { kind: 'a fourth part', forge: (kit) => `${valid(kit)}.${partsOf(kit).signature}` },
  { kind: 'five parts, as an encrypted token', forge: (kit) => `${partsOf(kit).header}....${partsOf(kit).signature}` },
  { kind: 'two parts', forge: (kit) => `${partsOf(kit).header}.${partsOf(kit).payload}` },
  { kind: 'an empty signature', forge: (kit) => `${partsOf(kit).header}.${partsOf(kit).payload}.` },
  { kind: 'an empty header', forge: (kit) => `.${partsOf(kit).payload}.${partsOf(kit).signature}` },
  { kind: 'an empty payload', forge: (kit) => `${partsOf(kit).header}..${partsOf(kit).signature}` },
  {
    kind: 'the flattened JSON serialisation',
    forge: (kit) => {
      const { header, payload, signature } = partsOf(kit)
      return json({ protected: header, payload, signature })
    },
  },
  {
    kind: 'the general JSON serialisation',
    forge: (kit) => {
      const { header, payload, signature } = partsOf(kit)
      return json({ payload, signatures: [{ protected: header, signature }] })
    },
  },
  {
    kind: 'the JSON serialisation in base64url',
    forge: (kit) => {
      const { header, payload, signature } = partsOf(kit)
      return b64(json({ protected: header, payload, signature }))
    },
  },
  { kind: 'a token within a token', forge: (kit) => kit.signed(json({ ...kit.header, cty: 'JWT' }), valid(kit)) },
  { kind: 'a token as the payload', forge: (kit) => kit.signed(json(kit.header), valid(kit)) },
  { kind: 'a payload that is a list', forge: (kit) => kit.signed(json(kit.header), json([kit.claims])) },
  { kind: 'a payload that is a string', forge: (kit) => kit.signed(json(kit.header), json(json(kit.claims))) },
  { kind: 'a payload that is null', forge: (kit) => kit.signed(json(kit.header), 'null') },
  { kind: 'a payload that is not JSON', forge: (kit) => kit.signed(json(kit.header), `${json(kit.claims)},`) },
  {
    kind: 'a payload that is not UTF-8',
    forge: (kit) => {
      const { header, signature } = partsOf(kit)
      return `${header}.${b64(Buffer.concat([Buffer.from(json(kit.claims)), Buffer.from([0xff])]))}.${signature}`
    },
  },
  {
    kind: 'a byte order mark before the payload',
    forge: (kit) => kit.signed(json(kit.header), `\ufeff${json(kit.claims)}`),
  },
  { kind: 'a header that is a list', forge: (kit) => kit.signed(json([kit.header]), json(kit.claims)) },
  {
    kind: 'duplicate sub, ours first',
    forge: (kit) => kit.signed(json(kit.header), `${json(kit.claims).slice(0, -1)},"sub":"usr_other"}`),
  },
  {
    kind: 'duplicate sub, ours last',
    forge: (kit) => kit.signed(json(kit.header), `{"sub":"usr_other",${json(kit.claims).slice(1)}`),
  },
  {
    kind: 'duplicate sub, one escaped',
    forge: (kit) => kit.signed(json(kit.header), `{"s\\u0075b":"usr_other",${json(kit.claims).slice(1)}`),
  },
  {
    kind: 'duplicate sub behind many blanks',
    forge: (kit) => kit.signed(json(kit.header), `{"sub"${' '.repeat(200)}:"usr_other",${json(kit.claims).slice(1)}`),
  },
  {
    kind: 'duplicate algorithm in the header',
    forge: (kit) => kit.signed(`{"alg":"none",${json(kit.header).slice(1)}`, json(kit.claims)),
  },
  {
    kind: 'duplicate member deep inside',
    forge: (kit) => kit.signed(json(kit.header), `{"x":[{"y":1,"y":2}],${json(kit.claims).slice(1)}`),
  },
  { kind: 'longer than a token may be', forge: (kit) => signed(kit, { claims: { padding: 'x'.repeat(9000) } }) },
]

/** Tokens with headers that the issuer does not use. */
export const HEADER: readonly ForgeryKind[] = [
  { kind: 'type id_token', forge: (kit) => signed(kit, { header: { typ: 'id_token' } }) },
  { kind: 'type JWT', forge: (kit) => signed(kit, { header: { typ: 'JWT' } }) },
  { kind: 'type of a logout token', forge: (kit) => signed(kit, { header: { typ: 'logout+jwt' } }) },
  { kind: 'no type', forge: (kit) => kit.signed(json(without(kit.header, 'typ')), json(kit.claims)) },
  { kind: 'a type that is a list', forge: (kit) => signed(kit, { header: { typ: ['at+jwt'] } }) },
  { kind: 'a critical extension that is not known', forge: (kit) => signed(kit, { header: { crit: ['x'], x: 1 } }) },
  { kind: 'an empty list of critical extensions', forge: (kit) => signed(kit, { header: { crit: [] } }) },
  { kind: 'an unencoded payload (b64 false)', forge: (kit) => signed(kit, { header: { b64: false, crit: ['b64'] } }) },
  { kind: 'b64 false without crit', forge: (kit) => signed(kit, { header: { b64: false } }) },
  { kind: 'a compressed payload (zip)', forge: (kit) => signed(kit, { header: { zip: 'DEF' } }) },
  { kind: 'an algorithm that is a list', forge: (kit) => signed(kit, { header: { alg: [kit.header['alg']] } }) },
  { kind: 'no algorithm', forge: (kit) => kit.signed(json(without(kit.header, 'alg')), json(kit.claims)) },
]

/** Tokens with a signature of something else. */
export const SIGNATURE: readonly ForgeryKind[] = [
  {
    kind: 'a changed payload under the valid signature',
    forge: (kit) => {
      const { header, signature } = partsOf(kit)
      return `${header}.${b64(json({ ...kit.claims, scope: 'access:write' }))}.${signature}`
    },
  },
  {
    kind: 'a changed header under the valid signature',
    forge: (kit) => {
      const { payload, signature } = partsOf(kit)
      const { kid, alg, typ } = kit.header
      return `${b64(json({ kid, typ, alg }))}.${payload}.${signature}`.replace(
        b64(json(kit.header)),
        b64(`${json(kit.header)} `),
      )
    },
  },
  {
    kind: 'one bit of the signature changed',
    forge: (kit) => {
      const { header, payload, signature } = partsOf(kit)
      const bytes = Buffer.from(signature, 'base64url')
      bytes[5] = (bytes[5] ?? 0) ^ 1
      return `${header}.${payload}.${b64(bytes)}`
    },
  },
  {
    kind: 'the signature cut short',
    forge: (kit) => {
      const { header, payload, signature } = partsOf(kit)
      return `${header}.${payload}.${b64(Buffer.from(signature, 'base64url').subarray(0, -1))}`
    },
  },
  {
    kind: 'the psychic signature (r = s = 0)',
    forge: (kit) => {
      const { header, payload } = partsOf(kit)
      return `${header}.${payload}.${b64(new Uint8Array(64))}`
    },
  },
  {
    kind: 'the psychic signature in DER',
    forge: (kit) => {
      const { header, payload } = partsOf(kit)
      return `${header}.${payload}.${b64(Uint8Array.of(0x30, 6, 2, 1, 0, 2, 1, 0))}`
    },
  },
  { kind: 'the psychic signature under ES256', forge: (kit) => unsigned(kit, 'ES256', b64(new Uint8Array(64))) },
  {
    kind: 'the signature of another token',
    forge: (kit) => {
      const { header, payload } = partsOf(kit)
      return `${header}.${payload}.${signed(kit, { claims: { jti: 'other' } }).split('.')[2] ?? ''}`
    },
  },
]

/** Sets the unused bits of the last base64url character, so that it decodes to the same bytes. */
function withTrailingBits(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = alphabet.indexOf(text.at(-1) ?? 'A')
  const changed = [1, 2, 4, 8, 15]
    .map((bits) => text.slice(0, -1) + (alphabet[last ^ bits] ?? ''))
    .find((each) => Buffer.from(each, 'base64url').equals(Buffer.from(text, 'base64url')))
  return changed ?? `${text}=`
}
