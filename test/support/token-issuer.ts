import { once } from 'node:events'
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { CryptoKey, JWK } from 'jose'

/** An external authorization server on loopback. Its answers can be changed while it runs. */
export interface TestIssuer {
  readonly url: string
  /** The answers by path; metadata and keys are there from the start. */
  readonly paths: Map<string, RequestListener>
  /** The paths requested, in order. */
  readonly asked: string[]
  readonly keys: JWK[]
  /** Signs with the newest key. */
  sign(claims: Readonly<Record<string, unknown>>, header?: Readonly<Record<string, unknown>>): Promise<string>
  /** Signs with a new key from now on; the older keys stay published. */
  rotate(): Promise<void>
  close(): void
}

export const json =
  (value: () => unknown): RequestListener =>
  (_req, res) => {
    res.setHeader('content-type', 'application/json')
    res.end(JSON.stringify(value()))
  }

/** Starts an issuer. `path` is the path of its issuer identifier: empty, or such as `/realms/acme`. */
export async function testIssuer(path = ''): Promise<TestIssuer> {
  const asked: string[] = []
  const paths = new Map<string, RequestListener>()
  const server = createServer((req, res) => {
    asked.push(req.url ?? '')
    const answer = paths.get(req.url ?? '')
    if (answer === undefined) res.writeHead(404).end()
    else void answer(req, res)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  // safe because: a server that listens on TCP has an address with a port.
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const url = `${origin}${path}`
  const keys: JWK[] = []
  let pen: { key: CryptoKey; kid: string } | undefined
  const rotate = async () => {
    const { publicKey, privateKey } = await generateKeyPair('RS256')
    const kid = `key-${keys.length + 1}`
    keys.push({ ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' })
    pen = { key: privateKey, kid }
  }
  await rotate()
  paths.set(
    `/.well-known/oauth-authorization-server${path}`,
    json(() => ({ issuer: url, jwks_uri: `${origin}/keys` })),
  )
  paths.set(
    '/keys',
    json(() => ({ keys })),
  )
  return {
    url,
    paths,
    asked,
    keys,
    rotate,
    async sign(claims, header = {}) {
      if (pen === undefined) throw new Error('there is no key yet')
      return new SignJWT({ iss: url, ...claims })
        .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: pen.kid, ...header })
        .sign(pen.key)
    },
    close: () => server.close().closeAllConnections(),
  }
}
