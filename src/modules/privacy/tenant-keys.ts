import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { z } from 'zod'
import { operation } from '#kernel/calls/operation'
import type { Ctx } from '#kernel/context'
import type { Keyring } from '#kernel/crypto/keyring'
import { publishedKey } from './signed-report.ts'
import { findKey, saveKey } from './store/keys.ts'
import type { KeyPurpose } from './store/keys.ts'

/** A tenant's own keys. Each is made on first use and stored encrypted with the root key. */
export interface TenantKeys {
  /** Returns a function that hashes an identifier (`email:ada@example.com`) with the tenant's key. */
  hasher(ctx: Ctx): Promise<(identifier: string) => string>
  /** The Ed25519 key that signs reports. */
  reportKey(ctx: Ctx): Promise<{ readonly privateKey: KeyObject; readonly publicKey: KeyObject }>
}

/** Reads the public key that verifies the tenant's reports. The first read makes the key. */
export const readReportKey = (keys: TenantKeys) =>
  operation({
    scope: 'privacy:read',
    effect: 'read',
    input: z.strictObject({}),
    output: z.object({ key_id: z.string(), public_key: z.string() }),
    run: async (ctx) => publishedKey((await keys.reportKey(ctx)).publicKey),
  })

/** The encryption context of a tenant's key: it can be decrypted for this tenant and purpose only. */
export const keyContext = (tenantId: string, purpose: string) => `privacy.keys:${tenantId}/${purpose}`

export function tenantKeys(keyring: Keyring): TenantKeys {
  const keyOf = async (ctx: Ctx, purpose: KeyPurpose, make: () => Buffer): Promise<Buffer> => {
    const context = keyContext(ctx.tenantId, purpose)
    const sealed = (await findKey(ctx, purpose)) ?? (await saveKey(ctx, purpose, keyring.seal(make(), context)))
    return keyring.open(sealed, context)
  }
  return {
    async hasher(ctx) {
      const key = await keyOf(ctx, 'subjects', () => randomBytes(32))
      return (identifier) => createHmac('sha256', key).update(identifier).digest('base64url')
    },
    async reportKey(ctx) {
      const der = await keyOf(ctx, 'reports', () =>
        generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'der' }),
      )
      const privateKey = createPrivateKey({ key: der, type: 'pkcs8', format: 'der' })
      return { privateKey, publicKey: createPublicKey(privateKey) }
    },
  }
}
