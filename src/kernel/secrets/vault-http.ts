import type { z } from 'zod'
import { boundedText } from '../network/bounded-text.ts'
import { ProviderError } from './provider.ts'

/** Status 403: the token is invalid, expired, or lacks the permission. */
export class VaultRefusal extends ProviderError {}

interface CallOptions {
  readonly signal: AbortSignal
  readonly token?: string
  readonly body?: Readonly<Record<string, string>>
}

/** One request to Vault; resolves with its JSON. */
export type VaultCall = (method: 'GET' | 'POST', path: string, options: CallOptions) => Promise<unknown>

/** Returns the function that calls a Vault server; it throws `ProviderError` unless the response has status 200. */
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
      const why = signal.aborted ? 'did not respond in time' : `cannot be reached${reasonOf(error)}`
      throw new ProviderError(`Vault at ${address} ${why}`, { isTransient: true, cause: error })
    }
    if (status === 200) return jsonOf(text, path)
    throw refusalOf(status, path, address)
  }
}

const ANSWER_BYTES_MAX = 1024 * 1024

function tooMuch(): ProviderError {
  return new ProviderError('Vault sent more than a megabyte', { isTransient: false })
}

/**
 * See developer.hashicorp.com/vault/api-docs#http-status-codes; 472 and 473 concern replication, 412 a lagging
 * follower.
 */
function refusalOf(status: number, path: string, address: string): ProviderError {
  if (status === 403) {
    return new VaultRefusal(`Vault refuses ${path}: the token is invalid, expired, or lacks the permission`, {
      isTransient: false,
    })
  }
  if (status === 404) return new ProviderError(`Vault has nothing at ${path}`, { isTransient: false })
  if (status === 400) return new ProviderError(`Vault rejects the request ${path} as invalid`, { isTransient: false })
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
    // The parser's message quotes the text, which may be secret.
    throw new ProviderError(`Vault’s response to ${path} is not JSON`, { isTransient: true })
  }
}

/** Parses a response. The error for an invalid one names the fields but not their values. */
export function parsed<T extends z.ZodType>(schema: T, answer: unknown, what: string): z.output<T> {
  const result = schema.safeParse(answer)
  if (result.success) return result.data
  const paths = [...new Set(result.error.issues.map(({ path }) => path.join('.')))].join(', ')
  throw new ProviderError(`Vault’s response to ${what} is invalid (${paths})`, { isTransient: false })
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
}
