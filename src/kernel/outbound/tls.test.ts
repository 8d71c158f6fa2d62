import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { TLSSocket } from 'node:tls'
import { expect, it } from 'vitest'
import { createOutbound } from './outbound.ts'

/** A certificate that nobody vouches for; undefined where there is no openssl to make one. */
function selfSigned(name: string): { key: Buffer; cert: Buffer } | undefined {
  const dir = mkdtempSync(path.join(tmpdir(), 'plimsoll-tls-'))
  const [key, cert] = [path.join(dir, 'key.pem'), path.join(dir, 'cert.pem')]
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1']
  const named = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`, '-keyout', key, '-out', cert]
  try {
    execFileSync('openssl', [...made, ...named], { stdio: 'ignore' })
    return { key: readFileSync(key), cert: readFileSync(cert) }
  } catch {
    return undefined
  } finally {
    rmSync(dir, { recursive: true })
  }
}

const identity = selfSigned('app.example.com')

it.skipIf(identity === undefined)(
  'a server that cannot prove its name is not told what is asked, wherever the name leads',
  async () => {
    let requests = 0
    const names: (string | false | null)[] = []
    const server = createServer({ ...identity, SNICallback: (name, done) => done(null, void names.push(name)) }, () => {
      requests += 1
    })
    server.on('secureConnection', (socket: TLSSocket) => socket.on('error', () => undefined))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    // safe because: a server that listens on TCP has an address with a port.
    const { port } = server.address() as AddressInfo
    const outbound = createOutbound({ allowLoopback: true, resolve: async () => [{ address: '127.0.0.1', family: 4 }] })
    const calling = outbound({
      url: `https://app.example.com:${port}/`,
      integration: 'test',
      endpoint: 'metadata',
      accept: ['application/json'],
      bytesMax: 1000,
    })
    await expect(calling).rejects.toMatchObject({
      kind: 'upstream',
      message: `The server at app.example.com:${port} could not be reached.`,
      cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
    })
    expect([requests, names]).toEqual([0, ['app.example.com']])
    server.close().closeAllConnections()
  },
)
