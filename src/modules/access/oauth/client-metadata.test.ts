import { once } from 'node:events'
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createOutbound } from '#kernel/outbound/outbound'
import { clientDocuments, isDocumentUrl } from './client-metadata.ts'

let url: string
let answer: RequestListener
let requests = 0
const server = createServer((req, res) => {
  requests++
  answer(req, res)
})
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  // safe because: a server that listens on TCP has an address with a port.
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/client.json`
})
afterAll(() => server.close().closeAllConnections())

const documents = () => clientDocuments(createOutbound({ allowLoopback: true }), () => ['customers:read'])

const json =
  (value: unknown, status = 200): RequestListener =>
  (_req, res) =>
    void res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))

const good = () => ({
  client_id: url,
  client_name: 'A program',
  redirect_uris: ['http://127.0.0.1/callback', 'https://program.example/callback', 'com.example.program:/callback'],
})

describe('a client id', () => {
  it.each(['https://program.example/client.json', 'https://program.example:8443/a/b?x=1'])(
    '%s is a document URL',
    (id) => {
      expect(isDocumentUrl(id, false)).toBe(true)
    },
  )

  it.each([
    'https://program.example',
    'https://program.example/',
    'http://program.example/client.json',
    'https://user@program.example/client.json',
    'https://user:password@program.example/client.json',
    'https://program.example/client.json#x',
    'https://program.example/client.json#',
    'https://program.example/a/../client.json',
    'https://program.example/./client.json',
    'https://PROGRAM.example/client.json',
    'https://program.example:443/client.json',
    'https://program.example\\client.json',
    `https://program.example/${'x'.repeat(2100)}`,
    'javascript:alert(1)',
    'file:///etc/passwd',
    'GEboAWQhhBgDGukiReRwxIsnchhWFZkU',
    '',
  ])('%j is not a document URL', (id) => {
    expect(isDocumentUrl(id, false)).toBe(false)
  })
})

describe('a client metadata document', () => {
  it('describes the client, without unknown scopes and without fields that only the server decides', async () => {
    answer = json({
      ...good(),
      scope: 'customers:read everything',
      grant_types: ['authorization_code'],
      skip_consent: true,
    })
    expect(await documents()(url)).toEqual({
      client_id: url,
      client_name: 'A program',
      redirect_uris: good().redirect_uris,
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      scope: 'customers:read',
    })
  })

  it.each([
    ['names another client', () => ({ ...good(), client_id: 'https://other.example/client.json' })],
    ['names itself with a trailing slash', () => ({ ...good(), client_id: `${url}/` })],
    ['has no client_id', () => ({ ...good(), client_id: undefined })],
    ['has no redirect URI', () => ({ ...good(), redirect_uris: [] })],
    [
      'has a redirect URI with http that is not a loopback address',
      () => ({ ...good(), redirect_uris: ['http://program.example/callback'] }),
    ],
    ['has a redirect URI with the scheme javascript', () => ({ ...good(), redirect_uris: ['javascript:alert(1)'] })],
    ['has a redirect URI with the scheme data', () => ({ ...good(), redirect_uris: ['data:text/html,x'] })],
    ['has a redirect URI with a fragment', () => ({ ...good(), redirect_uris: ['https://program.example/#x'] })],
    ['has a redirect URI that is not a URL', () => ({ ...good(), redirect_uris: ['/callback'] })],
    [
      'has too many redirect URIs',
      () => ({ ...good(), redirect_uris: Array.from({ length: 60 }, () => 'https://x.example/') }),
    ],
    ['contains a secret', () => ({ ...good(), client_secret: 'x' })],
    ['authenticates with a shared secret', () => ({ ...good(), token_endpoint_auth_method: 'client_secret_basic' })],
    ['has a logo with the scheme javascript', () => ({ ...good(), logo_uri: 'javascript:alert(1)' })],
    ['is an array', () => [good()]],
    ['is longer than 5 KiB', () => ({ ...good(), padding: 'x'.repeat(6000) })],
  ])('that %s is refused', async (_what, document) => {
    answer = json(document())
    await expect(documents()(url)).rejects.toMatchObject({ name: 'Failure' })
  })

  it.each<[string, RequestListener]>([
    ['is missing', json({}, 404)],
    ['is HTML', (_req, res) => void res.writeHead(200, { 'content-type': 'text/html' }).end('<html>')],
    ['is not JSON', (_req, res) => void res.writeHead(200, { 'content-type': 'application/json' }).end('{')],
    ['redirects', (_req, res) => void res.writeHead(302, { location: '/other.json' }).end()],
  ])('that %s is refused', async (_what, listener) => {
    answer = listener
    await expect(documents()(url)).rejects.toMatchObject({ name: 'Failure' })
  })

  it('that failed is not fetched again for a while', async () => {
    answer = json({}, 500)
    const read = documents()
    const before = requests
    for (let times = 0; times < 20; times++) await expect(read(url)).rejects.toMatchObject({ name: 'Failure' })
    expect(requests - before).toBe(1)
  })

  it('at a loopback address is not fetched unless that is allowed', async () => {
    const read = clientDocuments(createOutbound(), () => [])
    const before = requests
    await expect(read(url)).rejects.toMatchObject({ kind: 'invalid' })
    expect(requests).toBe(before)
  })
})
