import { once } from 'node:events'
import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { addressKind } from './address-kind.ts'
import { createOutbound } from './outbound.ts'
import type { OutboundOptions, OutboundRequest } from './outbound.ts'
import type { OutboundCall } from './outbound-call.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections()
})

/** A server on loopback; its port. */
async function serve(listener: RequestListener, host = '127.0.0.1', port = 0): Promise<number> {
  const server = createServer(listener)
  servers.push(server)
  await once(server.listen(port, host), 'listening')
  // safe because: a server that listens on TCP has an address with a port.
  return (server.address() as AddressInfo).port
}

const json: RequestListener = (_req, res) => res.setHeader('content-type', 'application/json').end('{"a":1}')
const call = { integration: 'test', endpoint: 'metadata', accept: ['application/json'], bytesMax: 1000 }

function fetchWith(options: OutboundOptions, request: Partial<OutboundRequest> & { url: string }) {
  return createOutbound({ allowLoopback: true, ...options })({ ...call, ...request })
}

describe('an address', () => {
  it.each([
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '100.100.100.200',
    '0.0.0.0',
    '0.1.2.3',
    '192.0.0.192',
    '192.0.2.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '239.255.255.250',
    '240.0.0.1',
    '255.255.255.255',
    '168.63.129.16',
    '::',
    '::7f00:1',
    '::ffff:127.0.0.1',
    '::ffff:169.254.169.254',
    '::ffff:8.8.8.8',
    '::ffff:0:7f00:1',
    '64:ff9b::7f00:1',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::1',
    '100::1',
    '2001::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '2002:a9fe:a9fe::1',
    '3fff::1',
    '5f00::1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    '4000::1',
    'not an address',
    '',
  ])('%j is forbidden', (address) => {
    expect(addressKind(address)).toBe('forbidden')
  })

  it.each(['127.0.0.1', '127.255.255.254', '::1'])('%s is this machine', (address) => {
    expect(addressKind(address)).toBe('loopback')
  })

  it.each(['8.8.8.8', '93.184.216.34', '2606:4700:4700::1111', '2a00:1450:4001::200e'])('%s is public', (address) => {
    expect(addressKind(address)).toBe('public')
  })
})

describe('a URL of a user', () => {
  const strict = createOutbound({
    resolve: async () => [{ address: '93.184.216.34', family: 4 }],
    connectSeconds: 0.05,
  })

  it.each([
    'http://example.com/',
    'ftp://example.com/',
    'file:///etc/passwd',
    'data:application/json,{}',
    'javascript:alert(1)',
    'https://user:password@example.com/',
    'https://user@example.com/',
    'https://example.com:22/',
    'https://example.com:80/',
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://0x7f000001/',
    'https://0177.0.0.1/',
    'https://127.1/',
    'https://①②⑦.0.0.1/',
    'https://169.254.169.254/latest/meta-data/',
    'https://2852039166/',
    'https://0xa9fea9fe/',
    'https://0251.0376.0251.0376/',
    'https://[::1]/',
    'https://[::]/',
    'https://[::ffff:169.254.169.254]/',
    'https://[0:0:0:0:0:ffff:7f00:1]/',
    'https://[64:ff9b::a9fe:a9fe]/',
    'https://[fd00:ec2::254]/',
    'https://10.0.0.1/',
    'https://100.64.0.1/',
    'https://',
    'example.com',
    '',
  ])('is refused when it is %j', async (url) => {
    await expect(strict({ ...call, url })).rejects.toMatchObject({ kind: 'invalid', code: 'URL_NOT_ALLOWED' })
  })

  it('of plain HTTP is taken on this machine alone, and only where that is allowed', async () => {
    const url = `http://127.0.0.1:${await serve(json)}/`
    expect(await fetchWith({}, { url })).toMatchObject({ status: 200, url })
    await expect(fetchWith({ allowLoopback: false }, { url })).rejects.toMatchObject({ kind: 'invalid' })
    const away = { resolve: async () => [{ address: '93.184.216.34', family: 4 }] }
    await expect(fetchWith(away, { url: 'http://example.com/' })).rejects.toMatchObject({ kind: 'invalid' })
  })
})

describe('a host name', () => {
  it.each([['10.0.0.7'], ['169.254.169.254'], ['::ffff:10.0.0.7'], ['127.0.0.1'], ['fd00::1']])(
    'that leads to %s answers like one that does not exist, and is not connected to',
    async (address) => {
      const inside = createOutbound({ resolve: async () => [{ address, family: address.includes(':') ? 6 : 4 }] })
      const unknown = createOutbound({ resolve: () => Promise.reject(new Error('getaddrinfo ENOTFOUND')) })
      const request = { ...call, url: 'https://example.com/' }
      const [first, second] = await Promise.allSettled([inside(request), unknown(request)])
      expect(first).toEqual(second)
      expect(first).toMatchObject({
        reason: { kind: 'upstream', message: 'The server at example.com could not be reached.' },
      })
    },
  )

  it.each([['127.0.0.1'], ['::ffff:127.0.0.1']])(
    'that leads to %s is not connected to, as the server there can tell',
    async (address) => {
      let connections = 0
      const port = await serve(json)
      servers.at(-1)?.on('connection', () => (connections += 1))
      const resolve = async () => [{ address, family: address.includes(':') ? 6 : 4 }]
      const calling = createOutbound({ ports: [port], resolve })({ ...call, url: `https://example.com:${port}/` })
      await expect(calling).rejects.toMatchObject({ kind: 'upstream' })
      expect(connections).toBe(0)
    },
  )

  it('with one public and one private address is refused whole', async () => {
    const both = [
      { address: '93.184.216.34', family: 4 },
      { address: '10.0.0.7', family: 4 },
    ]
    const fetching = fetchWith({ resolve: async () => both }, { url: 'https://example.com/' })
    await expect(fetching).rejects.toMatchObject({ kind: 'invalid' })
  })

  it('is asked for once: the connection goes to the address that was checked, whatever the name says next', async () => {
    const port = await serve((_req, res) => res.setHeader('content-type', 'application/json').end('"checked"'))
    await serve((_req, res) => res.setHeader('content-type', 'application/json').end('"rebound"'), '127.0.0.2', port)
    const answers = ['127.0.0.1', '127.0.0.2', '127.0.0.2']
    let asked = 0
    const resolve = async () => [{ address: answers[asked++] ?? '', family: 4 }]
    const answer = await fetchWith({ resolve }, { url: `http://rebind.example.com:${port}/` })
    expect([Buffer.from(answer.body).toString(), asked]).toEqual(['"checked"', 1])
  })

  it('is sent as the Host, though the connection goes to an address', async () => {
    let host: string | undefined
    const port = await serve((req, res) => {
      host = req.headers.host
      json(req, res)
    })
    const resolve = async () => [{ address: '127.0.0.1', family: 4 }]
    await fetchWith({ resolve }, { url: `http://app.example.com:${port}/`, headers: { Host: 'other.example.com' } })
    expect(host).toBe(`app.example.com:${port}`)
  })
})

describe('a redirect', () => {
  const redirectTo = (location: string) => serve((_req, res) => res.writeHead(302, { location }).end())

  it('is not followed unless that was asked for', async () => {
    const port = await redirectTo('/elsewhere')
    await expect(fetchWith({}, { url: `http://127.0.0.1:${port}/` })).rejects.toMatchObject({ kind: 'upstream' })
  })

  it.each([
    'http://169.254.169.254/latest/meta-data/',
    'https://10.0.0.1/',
    'file:///etc/passwd',
    'gopher://127.0.0.1/',
  ])('to %s is refused though redirects are followed', async (location) => {
    const url = `http://127.0.0.1:${await redirectTo(location)}/`
    await expect(fetchWith({}, { url, redirectsMax: 3 })).rejects.toMatchObject({ kind: 'invalid' })
  })

  it('is followed as often as allowed, and what proves the caller stays with the first server', async () => {
    const seen: (string | undefined)[] = []
    const last = await serve((req, res) => {
      seen.push(req.headers.authorization)
      json(req, res)
    })
    const first = await serve((req, res) => {
      seen.push(req.headers.authorization)
      res.writeHead(307, { location: `http://127.0.0.1:${last}/` }).end()
    })
    const request = { url: `http://127.0.0.1:${first}/`, headers: { authorization: 'Bearer x' } }
    expect(await fetchWith({}, { ...request, redirectsMax: 1 })).toMatchObject({ url: `http://127.0.0.1:${last}/` })
    expect(seen).toEqual(['Bearer x', undefined])
  })

  it('in a circle ends', async () => {
    const url = `http://127.0.0.1:${await redirectTo('/')}/`
    await expect(fetchWith({}, { url, redirectsMax: 3 })).rejects.toMatchObject({ kind: 'upstream' })
  })

  it('of a POST is never followed', async () => {
    const url = `http://127.0.0.1:${await redirectTo('/')}/`
    const posting = fetchWith({}, { url, method: 'POST', body: '{}', redirectsMax: 3 })
    await expect(posting).rejects.toMatchObject({ kind: 'upstream' })
  })
})

describe('an answer', () => {
  const failing = async (listener: RequestListener, request: Partial<OutboundRequest> = {}) => {
    const url = `http://127.0.0.1:${await serve(listener)}/`
    return fetchWith({}, { url, ...request }).then(
      () => 'no failure',
      (error: Error) => error.message.replace(/127\.0\.0\.1:\d+/, 'HOST'),
    )
  }

  it('that tells too large a size is refused unread', async () => {
    const listener: RequestListener = (_req, res) =>
      void res.writeHead(200, { 'content-type': 'application/json', 'content-length': '9999999' }).write('{')
    expect(await failing(listener)).toBe('The server at HOST answered with more than 1000 bytes.')
  })

  it('that does not end is cut off at its bound', async () => {
    const listener: RequestListener = (_req, res) => {
      res.writeHead(200, { 'content-type': 'application/json' })
      const more = () => void (res.write('x'.repeat(10_000)) ? setImmediate(more) : res.once('drain', more))
      more()
    }
    expect(await failing(listener)).toBe('The server at HOST answered with more than 1000 bytes.')
  })

  it('is bounded by what it decodes to', async () => {
    const bomb = gzipSync('x'.repeat(500_000))
    expect(bomb.length).toBeLessThan(1000)
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
    const listener: RequestListener = (_req, res) => res.writeHead(200, headers).end(bomb)
    expect(await failing(listener)).toBe('The server at HOST answered with more than 1000 bytes.')
  })

  it.each([
    ['damaged', { 'content-encoding': 'gzip' }, 'The answer of the server at HOST could not be read.'],
    [
      'in an unknown encoding',
      { 'content-encoding': 'zstd' },
      'The server at HOST answered in an encoding that was not asked for.',
    ],
    ['of another type', { 'content-type': 'text/html' }, 'The server at HOST did not answer with application/json.'],
  ])('that is %s is refused', async (_what, headers, message) => {
    const listener: RequestListener = (_req, res) =>
      res.writeHead(200, { 'content-type': 'application/json', ...headers }).end('{}')
    expect(await failing(listener)).toBe(message)
  })

  it.each([
    ['headers', (() => undefined) satisfies RequestListener],
    [
      'a body',
      ((_req, res) =>
        void res.writeHead(200, { 'content-type': 'application/json' }).write('{')) satisfies RequestListener,
    ],
  ])('that never sends %s ends at the deadline', async (_what, listener: RequestListener) => {
    expect(await failing(listener, { timeoutSeconds: 0.2 })).toBe(
      'The server at HOST did not answer within 0.2 seconds.',
    )
  })

  it('that breaks off, or switches protocols, is a server that cannot be reached or read', async () => {
    expect(await failing((req) => req.socket.destroy())).toBe('The server at HOST could not be reached.')
    const upgrade: RequestListener = (req) =>
      req.socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n')
    expect(await failing(upgrade)).toBe('The server at HOST could not be reached.')
    const short: RequestListener = (_req, res) => {
      res.writeHead(200, { 'content-type': 'application/json', 'content-length': '10' }).write('{')
      setImmediate(() => res.destroy())
    }
    expect(await failing(short)).toBe('The answer of the server at HOST could not be read.')
  })

  it('of 4xx and 5xx is handed on with its status, and gzip is decoded', async () => {
    const listener: RequestListener = (_req, res) =>
      res.writeHead(404, { 'content-type': 'text/plain', 'content-encoding': 'gzip' }).end(gzipSync('gone'))
    const answer = await fetchWith({}, { url: `http://127.0.0.1:${await serve(listener)}/` })
    expect([answer.status, Buffer.from(answer.body).toString()]).toEqual([404, 'gone'])
  })
})

describe('a call', () => {
  it('is told to the observer however it ends, without its URL', async () => {
    const calls: OutboundCall[] = []
    const observe = (told: OutboundCall) => void calls.push(told)
    const port = await serve(json)
    await fetchWith({ observe }, { url: `http://127.0.0.1:${port}/secret?token=1` })
    await fetchWith({ observe }, { url: 'https://10.0.0.1/' }).catch(() => undefined)
    expect(calls.map(({ seconds: _seconds, ...rest }) => rest)).toEqual([
      { integration: 'test', endpoint: 'metadata', host: `127.0.0.1:${port}`, status: '2xx' },
      { integration: 'test', endpoint: 'metadata', host: '10.0.0.1', status: 'invalid' },
    ])
  })

  it('ends when its caller leaves, before it began or under way', async () => {
    const controller = new AbortController()
    const port = await serve(() => controller.abort())
    const request = { url: `http://127.0.0.1:${port}/`, signal: controller.signal }
    await expect(fetchWith({}, request)).rejects.toMatchObject({ kind: 'cancelled' })
    await expect(fetchWith({}, request)).rejects.toMatchObject({ kind: 'cancelled' })
  })

  it('sends its body', async () => {
    const seen: string[] = []
    const port = await serve((req, res) => {
      req.setEncoding('utf8').on('data', (text: string) => seen.push(`${req.method} ${text}`))
      req.on('end', () => json(req, res))
    })
    await fetchWith({}, { url: `http://127.0.0.1:${port}/`, method: 'POST', body: '{"é":1}' })
    expect(seen).toEqual(['POST {"é":1}'])
  })
})

describe('a connection', () => {
  /** A server that answers with the number of the connection, and a client that finds it by name. */
  async function numbered() {
    const sockets: Socket[] = []
    const port = await serve((req, res) => {
      if (!sockets.includes(req.socket)) sockets.push(req.socket)
      res.setHeader('content-type', 'application/json').end(String(sockets.indexOf(req.socket)))
    })
    const name = { addresses: ['127.0.0.1'], asked: 0 }
    const resolve = async () => {
      name.asked += 1
      return name.addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
    }
    const outbound = createOutbound({ allowLoopback: true, resolve })
    const get = async (host = 'app.example.com') => {
      const { body } = await outbound({ ...call, url: `http://${host}:${port}/` })
      // The pool takes a connection back in the next turn of the event loop.
      await new Promise(setImmediate)
      return Number(Buffer.from(body).toString())
    }
    return { get, name, sockets }
  }

  it('is used for the next call of the same origin, without asking for the name again', async () => {
    const { get, name } = await numbered()
    expect([await get(), await get(), name.asked]).toEqual([0, 0, 1])
  })

  it('is never used for another name, though it leads to the same address', async () => {
    const { get, name } = await numbered()
    expect([await get(), await get('other.example.com'), name.asked]).toEqual([0, 1, 2])
  })

  it.each(['::ffff:127.0.0.1', '10.0.0.7', '169.254.169.254', '64:ff9b::a00:7', '2002:a00:7::1', 'fd00::1'])(
    'stays with the address that was checked when the name has moved to %s, and the next one is refused',
    async (address) => {
      const { get, name, sockets } = await numbered()
      await get()
      name.addresses = [address]
      expect(await get()).toBe(0)
      const [socket] = sockets
      const closed = socket && once(socket, 'close')
      socket?.destroy()
      await closed
      await expect(get()).rejects.toMatchObject({
        kind: 'upstream',
        message: expect.stringContaining('could not be reached'),
      })
      expect(sockets).toHaveLength(1)
    },
  )

  it('that is open is not used for a URL that may not be called', async () => {
    const port = await serve(json)
    const outbound = createOutbound({ allowLoopback: true })
    await outbound({ ...call, url: `http://127.0.0.1:${port}/` })
    for (const url of [`http://user@127.0.0.1:${port}/`, `http://[::ffff:7f00:1]:${port}/`]) {
      await expect(outbound({ ...call, url })).rejects.toMatchObject({ kind: 'invalid' })
    }
  })
})
