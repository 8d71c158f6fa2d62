import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import type { SecretSettings } from '../config/secrets.ts'
import { ProviderError } from './provider.ts'
import { VaultRefusal, parsed } from './vault-http.ts'
import type { VaultCall } from './vault-http.ts'

/** The Vault token: configured, or obtained by logging in as an AppRole or a Kubernetes service account. */
export interface VaultTokens {
  /** A valid token, renewed or obtained if necessary. */
  current(signal: AbortSignal): Promise<string>
  isKept(): boolean
  forget(): void
}

const Login = z.object({
  auth: z.object({ client_token: z.string().min(1), lease_duration: z.number().int().min(0), renewable: z.boolean() }),
})
const Lookup = z.object({ data: z.object({ ttl: z.number().int().min(0), renewable: z.boolean().optional() }) })

interface Token {
  readonly text: string
  /** When two thirds of its life are over, in `milliseconds()`; infinite for one that does not expire. */
  readonly renewAt: number
  readonly isRenewable: boolean
}

export function vaultTokens(settings: SecretSettings, call: VaultCall, milliseconds: () => number): VaultTokens {
  let kept: Token | undefined
  const tokenOf = (text: string, leaseSeconds: number, isRenewable: boolean): Token => ({
    text,
    renewAt: leaseSeconds === 0 ? Infinity : milliseconds() + (leaseSeconds * 1000 * 2) / 3,
    isRenewable,
  })
  const granted = (answer: unknown, what: string): Token => {
    const { auth } = parsed(Login, answer, what)
    return tokenOf(auth.client_token, auth.lease_duration, auth.renewable)
  }
  const lookUp = async (text: string, signal: AbortSignal): Promise<Token> => {
    try {
      const { data } = parsed(Lookup, await call('GET', 'auth/token/lookup-self', { signal, token: text }), 'a lookup')
      return tokenOf(text, data.ttl, data.renewable === true)
    } catch (error) {
      if (!(error instanceof VaultRefusal)) throw error
      // Safe because a policy may forbid looking up the token but allow reading the secret.
      return tokenOf(text, 0, false)
    }
  }
  const logIn = async (signal: AbortSignal): Promise<Token> => {
    if (settings.vaultToken !== undefined) return lookUp(settings.vaultToken, signal)
    const [path, body] = await credentials(settings)
    return granted(await call('POST', path, { signal, body }), 'a login')
  }
  const renewed = async ({ text, isRenewable }: Token, signal: AbortSignal): Promise<Token> => {
    if (!isRenewable) return logIn(signal)
    try {
      return granted(await call('POST', 'auth/token/renew-self', { signal, token: text }), 'a renewal')
    } catch (error) {
      if (!(error instanceof VaultRefusal)) throw error
      return logIn(signal)
    }
  }
  return {
    async current(signal) {
      if (kept === undefined) kept = await logIn(signal)
      else if (milliseconds() >= kept.renewAt) kept = await renewed(kept, signal)
      return kept.text
    },
    isKept: () => kept !== undefined,
    forget: () => (kept = undefined),
  }
}

async function credentials(settings: SecretSettings): Promise<[string, Readonly<Record<string, string>>]> {
  const { vaultRoleId, vaultSecretId = '', vaultKubernetesRole = '', vaultKubernetesTokenPath } = settings
  if (vaultRoleId !== undefined) return ['auth/approle/login', { role_id: vaultRoleId, secret_id: vaultSecretId }]
  try {
    const jwt = (await readFile(vaultKubernetesTokenPath, 'utf8')).trim()
    return ['auth/kubernetes/login', { role: vaultKubernetesRole, jwt }]
  } catch (error) {
    const message = `the service account’s token cannot be read at ${vaultKubernetesTokenPath}`
    throw new ProviderError(message, { isTransient: false, cause: error })
  }
}
