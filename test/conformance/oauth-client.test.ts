import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type {
  OAuthClientInformationContext,
  OAuthClientMetadata,
  OAuthClientProvider,
  OAuthDiscoveryState,
  StoredOAuthClientInformation,
  StoredOAuthTokens,
} from '@modelcontextprotocol/client'
import { decodeJwt } from 'jose'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { App } from '../../src/app.ts'
import { startApp } from '../support/app.ts'
import { findChromium, openBrowser } from '../support/browser.ts'
import { testDatabase } from '../support/database.ts'
import { testPerson } from '../support/person.ts'
import type { TestPerson } from '../support/person.ts'

const executable = await findChromium()

/** An OAuth client of the SDK that keeps its state in memory and opens a browser. */
class Program implements OAuthClientProvider {
  readonly #callbackUrl: string
  readonly #open: (url: URL) => Promise<void>
  readonly #documentUrl: string | undefined
  readonly #state = randomUUID()
  #client: StoredOAuthClientInformation | undefined
  #tokens: StoredOAuthTokens | undefined
  #discovery: OAuthDiscoveryState | undefined
  #verifier = ''

  /** The SDK accepts only https URLs of metadata documents, so `documentUrl` is used directly as the client id. */
  constructor(callbackUrl: string, open: (url: URL) => Promise<void>, documentUrl?: string) {
    this.#callbackUrl = callbackUrl
    this.#open = open
    this.#documentUrl = documentUrl
  }
  get redirectUrl(): string {
    return this.#callbackUrl
  }
  get clientMetadata(): OAuthClientMetadata {
    return {
      client_name: 'Program under test',
      redirect_uris: [this.#callbackUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    }
  }
  state() {
    return this.#state
  }
  clientInformation(ctx?: OAuthClientInformationContext): StoredOAuthClientInformation | undefined {
    if (this.#documentUrl === undefined) return this.#client
    return { client_id: this.#documentUrl, ...(ctx !== undefined && { issuer: ctx.issuer }) }
  }
  saveClientInformation(client: StoredOAuthClientInformation) {
    this.#client = client
  }
  tokens() {
    return this.#tokens
  }
  saveTokens(tokens: StoredOAuthTokens) {
    this.#tokens = tokens
  }
  redirectToAuthorization(url: URL) {
    return this.#open(url)
  }
  saveCodeVerifier(verifier: string) {
    this.#verifier = verifier
  }
  codeVerifier() {
    return this.#verifier
  }
  saveDiscoveryState(state: OAuthDiscoveryState) {
    this.#discovery = state
  }
  discoveryState() {
    return this.#discovery
  }
}

/** The loopback server of a program, with its redirect URI and its metadata document. */
async function programServer() {
  const returned = Promise.withResolvers<URLSearchParams>()
  let url = ''
  const server: Server = createServer((req, res) => {
    const asked = new URL(req.url ?? '/', url)
    if (asked.pathname === '/callback') returned.resolve(asked.searchParams)
    const document = {
      client_id: `${url}/client.json`,
      client_name: 'Program with a document',
      redirect_uris: [`${url}/callback`],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    }
    res.setHeader('content-type', asked.pathname === '/client.json' ? 'application/json' : 'text/html')
    res.end(asked.pathname === '/client.json' ? JSON.stringify(document) : '<p>Back to the program.</p>')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  // safe because: a server that listens on TCP has an address with a port.
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, returned: returned.promise, close: () => server.close().closeAllConnections() }
}

describe.skipIf(executable === undefined)('a real MCP client with a real browser', () => {
  let app: App
  let url: string
  let browser: Browser
  let person: TestPerson

  beforeAll(async () => {
    const database = await testDatabase()
    const settings = { OAUTH_DYNAMIC_REGISTRATION: 'true', OUTBOUND_ALLOW_LOOPBACK: 'true' }
    ;({ app, url } = await startApp(database, settings))
    person = await testPerson(database, url)
    browser = await openBrowser(executable ?? '')
  })
  afterAll(async () => {
    await browser?.close()
    await app?.close()
  })

  /** Signs in and consents, as the person does. Returns the text of the consent page. */
  async function signInAndAgree(authorizationUrl: URL): Promise<string> {
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(authorizationUrl.href)
    await page.fill('input[name=email]', person.email)
    await page.fill('input[name=password]', person.password)
    await page.click('main button[type=submit], main form button')
    await page.waitForURL(/\/consent/)
    const asked = await page.innerText('main')
    await page.click('button[value=allow]')
    await page.waitForURL(/\/callback/)
    await context.close()
    return asked
  }

  async function fromNothingToAResult(byDocument: boolean) {
    const program = await programServer()
    let asked = ''
    const open = async (place: URL) => {
      asked = await signInAndAgree(place)
    }
    const document = byDocument ? `${program.url}/client.json` : undefined
    const provider = new Program(`${program.url}/callback`, open, document)
    const connect = async () => {
      const transport = new StreamableHTTPClientTransport(new URL(`${url}/mcp/customers`), { authProvider: provider })
      const client = new Client({ name: 'program', version: '1' })
      return { transport, client, connected: client.connect(transport) }
    }
    const first = await connect()
    await expect(first.connected).rejects.toThrow(/unauthorized/i)
    await first.transport.finishAuth(await program.returned)
    const { client, connected } = await connect()
    await connected
    const result = await client.callTool({ name: 'register_client', arguments: { client_name: 'Seaworthy' } })
    const list = await client.callTool({ name: 'list_clients', arguments: {} })
    await client.close()
    program.close()
    return { asked, provider, result, list }
  }

  it.each([
    ['registers itself', false, 'Program under test'],
    ['has a metadata document', true, 'Program with a document'],
  ])(
    'that %s gets from 401 to a tool result after the person signs in and consents',
    async (_how, byDocument, name) => {
      const { asked, provider, result, list } = await fromNothingToAResult(byDocument)
      expect(asked).toContain(name)
      expect(result.isError).not.toBe(true)
      expect(JSON.stringify(list)).toContain('Seaworthy')
      const token = provider.tokens()
      expect(decodeJwt(token?.access_token ?? '')).toMatchObject({
        iss: url,
        aud: `${url}/mcp/customers`,
        sub: person.userId,
        tenant: person.tenantId,
      })
      expect(String(provider.clientInformation()?.client_id).startsWith('http')).toBe(byDocument)
      expect(token?.refresh_token).toBeDefined()
    },
  )
})
