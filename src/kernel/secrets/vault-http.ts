import type { z } from 'zod'
import { boundedText } from '../network/bounded-text.ts'
import { ProviderError } from './provider.ts'

/** 403: the token is wrong, ended, or may not read this. */
export class VaultRefusal extends ProviderError {}

interface CallOptions {
  readonly signal: AbortSignal
  readonly token?: string
  readonly body?: Readonly<Record<string, string>>
}

/** One request to Vault; resolves with its JSON. */
export type VaultCall = (method: 'GET' | 'POST', path: string, options: CallOptions) => Promise<unknown>

/** Calls of one Vault, which throw `ProviderError` for everything that is no good answer. */
export function vaultCalls(address: string, namespace: string | undefined): VaultCall {
  return async (method, path, { signal, token, body }) => {
    const headers = {
      'x-vault-request': 'true',
      ...(token !== undefined && { 'x-vault-token': token }),
      ...(namespace !== undefined && { 'x-vault-namespace': namespace }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    }
    const url = `${address.replace(/\/+$/, '')}/v1/${path.split('/').map(encodeURIComponent).join('/')}`
    const init = { method, headers, signal, redirect: 'error' as const, ...(body && { body: JSON.stringify(body) }) }
    let status: number
    let text: string
    try {
      const response = await fetch(url, init)
      ;({ status } = response)
      text = await boundedText(response, ANSWER_BYTES_MAX, tooMuch)
    } catch (error) {
      if (error instanceof ProviderError) throw error
      const why = signal.aborted ? 'did not answer in time' : `cannot be reached${reasonOf(error)}`
      throw new ProviderError(`Vault at ${address} ${why}`, { isTransient: true, cause: error })
    }
    if (status === 200) return jsonOf(text, path)
    throw refusalOf(status, path, address)
  }
}

const ANSWER_BYTES_MAX = 1024 * 1024

function tooMuch(): ProviderError {
  return new ProviderError('Vault answered more than a megabyte', { isTransient: false })
}

/** developer.hashicorp.com/vault/api-docs#http-status-codes; 472 and 473 are of replication, 412 of a lagging follower. */
function refusalOf(status: number, path: string, address: string): ProviderError {
  if (status === 403) {
    return new VaultRefusal(`Vault refuses ${path}: the token is wrong, has ended, or may not read it`, {
      isTransient: false,
    })
  }
  if (status === 404) return new ProviderError(`Vault has nothing at ${path}`, { isTransient: false })
  if (status === 400) return new ProviderError(`Vault takes ${path} for a wrong request`, { isTransient: false })
  const what = status === 503 ? 'is sealed or down for maintenance (503)' : `answers with status ${status}`
  return new ProviderError(`Vault at ${address} ${what}`, {
    isTransient: status >= 500 || status === 429 || status === 412,
  })
}

function jsonOf(text: string, path: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return value
  } catch {
    // The parser's own message repeats a part of the text, which may be a secret.
    throw new ProviderError(`Vault answered ${path} with something that is not JSON`, { isTransient: true })
  }
}

/** An answer in its form; one in another is the provider's lie, told without repeating it. */
export function parsed<T extends z.ZodType>(schema: T, answer: unknown, what: string): z.output<T> {
  const result = schema.safeParse(answer)
  if (result.success) return result.data
  const paths = [...new Set(result.error.issues.map(({ path }) => path.join('.')))].join(', ')
  throw new ProviderError(`Vault’s answer to ${what} is not of its form (${paths})`, { isTransient: false })
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
}
