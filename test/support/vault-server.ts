import { randomUUID } from 'node:crypto'
import { misbehavingServer } from './misbehaving-server.ts'
import type { Answer, MisbehavingServer, Request } from './misbehaving-server.ts'

/** A fake Vault: KV version 2, AppRole, Kubernetes and token login (developer.hashicorp.com/vault/api-docs). */
export interface VaultServer extends MisbehavingServer {
  readonly rootToken: string
  /** Writes the next version of a secret. Default: `secret/plimsoll`. */
  write(data: Readonly<Record<string, unknown>>, path?: string): void
  deleteLatest(path?: string): void
  revokeTokens(): void
  /** Sets the lifetime of tokens issued or renewed from now on, and whether they are renewable. */
  grantTokens(tokenLife: number, isRenewable: boolean): void
}

export const VAULT_ROLE = {
  role_id: '675a50e7-cfe0-be76-e35f-49ec009731ea',
  secret_id: 'ed0a642f-2acf-c2da-232f-1b21300d5f29',
}
export const VAULT_NAMESPACE = 'admin/platform'

export async function startVault(): Promise<VaultServer> {
  const versions = new Map<string, (Readonly<Record<string, unknown>> | undefined)[]>()
  const rootToken = `hvs.${randomUUID()}`
  const tokens = new Set([rootToken])
  const state = { tokenLife: 0, isRenewable: true }

  const login = (): Answer => {
    const token = `hvs.${randomUUID()}`
    tokens.add(token)
    return auth(token)
  }
  const auth = (token: string): Answer => ({
    status: 200,
    body: { auth: { client_token: token, lease_duration: state.tokenLife, renewable: state.isRenewable } },
  })
  const serve = (request: Request): Answer => {
    const { method, path, headers, body } = request
    if (headers['x-vault-request'] !== 'true') return refused(400, 'no X-Vault-Request')
    if (headers['x-vault-namespace'] !== undefined && headers['x-vault-namespace'] !== VAULT_NAMESPACE) {
      return refused(404, 'no such namespace')
    }
    if (method === 'POST' && path === '/v1/auth/approle/login') {
      return body === JSON.stringify(VAULT_ROLE) ? login() : refused(400, 'invalid role or secret ID')
    }
    if (method === 'POST' && path === '/v1/auth/kubernetes/login') {
      return body.includes('"role":"plimsoll"') ? login() : refused(403, 'permission denied')
    }
    const token = String(headers['x-vault-token'])
    if (!tokens.has(token)) return refused(403, 'permission denied')
    if (method === 'POST' && path === '/v1/auth/token/renew-self') return auth(token)
    if (path === '/v1/auth/token/lookup-self') {
      return { status: 200, body: { data: { ttl: state.tokenLife, renewable: state.isRenewable } } }
    }
    const stored = versions.get(path)
    if (method !== 'GET' || stored === undefined) return { status: 404, body: { errors: [] } }
    const data = stored.at(-1)
    const metadata = { version: stored.length, destroyed: false }
    if (data === undefined) return { status: 404, body: { data: { data: null, metadata } } }
    return { status: 200, body: { data: { data, metadata } } }
  }

  const server = await misbehavingServer(serve)
  const keyOf = (path = 'plimsoll') => `/v1/secret/data/${path}`
  return Object.assign(server, {
    rootToken,
    write: (data: Readonly<Record<string, unknown>>, path?: string) =>
      void versions.set(keyOf(path), [...(versions.get(keyOf(path)) ?? []), data]),
    deleteLatest: (path?: string) => void versions.set(keyOf(path), [...(versions.get(keyOf(path)) ?? []), undefined]),
    revokeTokens: () => tokens.clear(),
    grantTokens: (tokenLife: number, isRenewable: boolean) => void Object.assign(state, { tokenLife, isRenewable }),
  })
}

const refused = (status: number, why: string): Answer => ({ status, body: { errors: [why] } })
