import { z } from 'zod'
import type { SecretSettings } from '../config/secrets.ts'
import { ProviderError, attempted, membersOf } from './provider.ts'
import type { Attempts, SecretProvider } from './provider.ts'
import { VaultRefusal, parsed, vaultCalls } from './vault-http.ts'
import { vaultTokens } from './vault-token.ts'

const Read = z.object({
  data: z.object({
    data: z.record(z.string(), z.unknown()).nullable(),
    metadata: z.object({ version: z.number().int() }),
  }),
})

export interface VaultOptions extends Attempts {
  readonly settings: SecretSettings
  /** A monotonic clock. */
  readonly milliseconds: () => number
}

/**
 * The provider for HashiCorp Vault, KV version 2, over its HTTP API
 * (developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2). Values have no lease. The token has one; it is renewed, or
 * replaced by a new login, before it expires and when it is refused.
 */
export function vaultProvider({ settings, milliseconds, ...attempts }: VaultOptions): SecretProvider {
  const { vaultAddress = '', vaultNamespace, vaultMount, vaultPath } = settings
  const call = vaultCalls(vaultAddress, vaultNamespace)
  const tokens = vaultTokens(settings, call, milliseconds)
  const where = `${vaultMount}/${vaultPath}`

  const readOnce = async (names: readonly string[], signal: AbortSignal) => {
    const token = await tokens.current(signal)
    const { data } = parsed(Read, await call('GET', `${vaultMount}/data/${vaultPath}`, { signal, token }), where)
    if (data.data === null) throw new ProviderError(`the latest version of ${where} is deleted`, { isTransient: false })
    return membersOf(data.data, names, { source: 'vault', version: String(data.metadata.version) }, where)
  }
  return {
    name: 'Vault',
    read: (names) =>
      attempted(attempts, async (signal) => {
        const wasOld = tokens.isKept()
        try {
          return await readOnce(names, signal)
        } catch (error) {
          if (!(error instanceof VaultRefusal)) throw error
          tokens.forget()
          // An older token may have been revoked early; retrying makes no sense with a new one.
          if (!wasOld) throw error
          return readOnce(names, signal)
        }
      }),
  }
}
