import fc from 'fast-check'
import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createKeyring } from './keyring.ts'

const OLD = Buffer.alloc(32, 1)
const NEW = Buffer.alloc(32, 2)
const CONTEXT = 'access.two-factor-secret:usr_1'

describe('an encrypted field', () => {
  it('opens to what was sealed, whatever it is', () => {
    const keyring = createKeyring([NEW])
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.string(), (plain, context) => {
        expect(new Uint8Array(keyring.open(keyring.seal(plain, context), context))).toEqual(plain)
      }),
    )
  })

  it('that another implementation of the format made opens', () => {
    const sealed = 'pf1.2637df04.AAECAwQFBgcICQoL_7RlrMFz77IPWfs3525o0jrF_czpg3507nv0LXJdZf65pRXQ'
    expect(createKeyring([OLD]).open(sealed, CONTEXT).toString()).toBe('a secret of a person')
  })

  it('does not open for another context: moved to another row it is worth nothing', () => {
    const keyring = createKeyring([NEW])
    const sealed = keyring.seal('x', CONTEXT)
    expect(() => keyring.open(sealed, 'access.two-factor-secret:usr_2')).toThrow()
  })

  it('does not open when any one bit of it is different', () => {
    const keyring = createKeyring([NEW, OLD])
    const sealed = keyring.seal('attack at dawn', CONTEXT)
    const [prefix, id, text = ''] = sealed.split('.')
    const body = Buffer.from(text, 'base64url')
    for (let bit = 0; bit < body.length * 8; bit++) {
      const forged = Buffer.from(body)
      forged[bit >> 3] = (forged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(() => keyring.open(`${prefix}.${id}.${forged.toString('base64url')}`, CONTEXT)).toThrow()
    }
    expect(() => keyring.open(sealed.replace(String(id), createKeyring([OLD]).currentKeyId), CONTEXT)).toThrow()
  })

  it.each([
    ['nothing', ''],
    ['plain text', 'hello'],
    ['too short a body', 'pf1.00000000.AAAA'],
    ['a further part', `${createKeyring([NEW]).seal('x', CONTEXT)}.AAAA`],
    ['padding', `${createKeyring([NEW]).seal('x', CONTEXT)}==`],
    ['another format', createKeyring([NEW]).seal('x', CONTEXT).replace('pf1', 'pf2')],
  ])('does not open when it is %s', (_what, sealed) => {
    expect(() => createKeyring([NEW]).open(sealed, CONTEXT)).toThrow('not an encrypted field')
  })

  it('never comes out the same twice: equal values do not show', () => {
    const keyring = createKeyring([NEW])
    expect(new Set(Array.from({ length: 2000 }, () => keyring.seal('x', CONTEXT))).size).toBe(2000)
  })

  it('shows neither its value nor its key', () => {
    const sealed = createKeyring([NEW]).seal('attack at dawn', CONTEXT)
    expect(sealed).not.toContain('attack')
    expect(sealed).not.toContain(NEW.toString('base64url').slice(0, 8))
  })
})

describe('a keyring whose root key is replaced', () => {
  it('opens and verifies what the old key made, and makes everything new under the new one', () => {
    const keyring = createKeyring([OLD])
    const sealed = keyring.seal('x', CONTEXT)
    const signature = keyring.sign('state', 'mcp-round')
    keyring.replace([NEW, OLD])
    expect(keyring.open(sealed, CONTEXT).toString()).toBe('x')
    expect(keyring.verify('state', 'mcp-round', signature)).toBe(true)
    expect(keyring.currentKeyId).not.toBe(keyring.keyIdOf(sealed))
    expect(keyring.keyIdOf(keyring.seal('x', CONTEXT))).toBe(keyring.currentKeyId)
    expect(keyring.sign('state', 'mcp-round')).not.toBe(signature)
    expect(keyring.keyIds).toHaveLength(2)
  })

  it('knows nothing of a key any more that is gone, and says which one is missing', () => {
    const keyring = createKeyring([OLD])
    const [sealed, signature] = [keyring.seal('x', CONTEXT), keyring.sign('state', 'mcp-round')]
    keyring.replace([NEW])
    expect(() => keyring.open(sealed, CONTEXT)).toThrow(`under key ${keyring.keyIdOf(sealed)}, which this process`)
    expect(keyring.verify('state', 'mcp-round', signature)).toBe(false)
  })

  it('counts a key that is named twice once, and needs one', () => {
    expect(createKeyring([NEW, OLD, NEW]).keyIds).toHaveLength(2)
    expect(() => createKeyring([])).toThrow('needs a key')
  })
})

describe('a signature', () => {
  const keyring = createKeyring([NEW])
  const signature = keyring.sign('state', 'mcp-round')

  it.each([
    ['another text', 'state2', 'mcp-round', signature],
    ['another purpose', 'state', 'cursor', signature],
    ['another key', 'state', 'mcp-round', createKeyring([OLD]).sign('state', 'mcp-round')],
    ['a plain digest', 'state', 'mcp-round', createHmac('sha256', NEW).update('state').digest('base64url')],
    ['nothing', 'state', 'mcp-round', ''],
    ['a part of one', 'state', 'mcp-round', signature.slice(0, -4)],
    ['a second way of writing it', 'state', 'mcp-round', `${signature}=`],
  ])('of %s does not count', (_what, text, purpose, given) => {
    expect(keyring.verify(text, purpose, given)).toBe(false)
  })

  it('counts for what it was made', () => {
    expect(keyring.verify('state', 'mcp-round', signature)).toBe(true)
  })
})
