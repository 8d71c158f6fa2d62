import { bearer, html, issuerMetadata, json, redirect, silence } from './doctored-server.ts'
import type { Answers } from './doctored-server.ts'

/** Faulty servers: the fault, the change that introduces it, the step that must report it, and the expected text. */
export const WRONG_SERVERS: readonly [string, (answers: Answers, url: string) => void, string, RegExp][] = [
  [
    'no WWW-Authenticate',
    (a) => (a['/mcp'] = (_req, res) => void res.writeHead(401).end()),
    'challenge',
    /without a WWW-Authenticate/,
  ],
  [
    'no resource_metadata',
    (a) => (a['/mcp'] = (_req, res) => void res.writeHead(401, { 'www-authenticate': 'Bearer realm="x"' }).end()),
    'challenge',
    /names no resource_metadata/,
  ],
  [
    'Basic instead of Bearer',
    (a) => (a['/mcp'] = (_req, res) => void res.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()),
    'challenge',
    /offers no Bearer/,
  ],
  ['403 without a token', (a) => (a['/mcp'] = json({}, 403)), 'challenge', /answers 403/],
  [
    'a web page instead of MCP',
    (a) => (a['/mcp'] = (_req, res) => void res.writeHead(404, { 'content-type': 'text/html' }).end('<html>')),
    'challenge',
    /404 with a web page/,
  ],
  ['a redirect of the endpoint', (a, url) => (a['/mcp'] = redirect(`${url}/mcp`)), 'challenge', /redirect to/],
  ['an endpoint that never answers', (a) => (a['/mcp'] = silence), 'challenge', /did not answer within 0\.5 seconds/],
  [
    'any token taken',
    (a) =>
      (a['/mcp'] = (req, res) =>
        void (req.headers.authorization === undefined
          ? res.writeHead(401, { 'www-authenticate': 'Bearer resource_metadata="https://x.example/"' }).end()
          : res.writeHead(200).end('{}'))),
    'challenge',
    /invalid token is answered with 200/,
  ],
  [
    'the resource of another path',
    (a, url) =>
      (a['/.well-known/oauth-protected-resource/mcp'] = json({
        resource: `${url}/mcp-other`,
        authorization_servers: [url],
      })),
    'resource metadata',
    /and not http/,
  ],
  [
    'the resource of another host',
    (a, url) =>
      (a['/.well-known/oauth-protected-resource/mcp'] = json({
        resource: 'https://elsewhere.example/mcp',
        authorization_servers: [url],
      })),
    'resource metadata',
    /elsewhere\.example/,
  ],
  [
    'no authorization server',
    (a, url) =>
      ['', '/mcp'].forEach(
        (path) => (a[`/.well-known/oauth-protected-resource${path}`] = json({ resource: `${url}/mcp` })),
      ),
    'resource metadata',
    /names no authorization server/,
  ],
  [
    'an issuer at plain http',
    (a, url) =>
      ['', '/mcp'].forEach(
        (path) =>
          (a[`/.well-known/oauth-protected-resource${path}`] = json({
            resource: `${url}/mcp`,
            authorization_servers: ['http://login.invalid'],
          })),
      ),
    'resource metadata',
    /is not https/,
  ],
  [
    'HTML for the resource metadata',
    (a) => (a['/.well-known/oauth-protected-resource/mcp'] = html),
    'resource metadata',
    /is not JSON but text\/html/,
  ],
  [
    'a redirect loop of the resource metadata',
    (a) => (a['/.well-known/oauth-protected-resource/mcp'] = redirect('/.well-known/oauth-protected-resource/mcp')),
    'resource metadata',
    /redirect to/,
  ],
  [
    'slow resource metadata',
    (a) => (a['/.well-known/oauth-protected-resource/mcp'] = silence),
    'resource metadata',
    /did not answer/,
  ],
  [
    'no resource metadata at all',
    (a) => ['', '/mcp'].forEach((path) => delete a[`/.well-known/oauth-protected-resource${path}`]),
    'resource metadata',
    /answers 404/,
  ],
  [
    'another issuer',
    (a) => (a['/.well-known/oauth-authorization-server'] = json(issuerMetadata('https://attacker.example'))),
    'authorization server',
    /the issuer https:\/\/attacker\.example/,
  ],
  [
    'an issuer with a slash too many',
    (a, url) => (a['/.well-known/oauth-authorization-server'] = json({ ...issuerMetadata(url), issuer: `${url}/` })),
    'authorization server',
    /the issuer/,
  ],
  [
    'no issuer metadata',
    (a) => delete a['/.well-known/oauth-authorization-server'],
    'authorization server',
    /no metadata where clients look/,
  ],
  [
    'HTML for the issuer metadata',
    (a) => (a['/.well-known/oauth-authorization-server'] = html),
    'authorization server',
    /is not JSON/,
  ],
  [
    'a redirect loop of the issuer metadata',
    (a) => (a['/.well-known/oauth-authorization-server'] = redirect('/.well-known/oauth-authorization-server')),
    'authorization server',
    /redirect/,
  ],
  [
    'a slow issuer',
    (a) => (a['/.well-known/oauth-authorization-server'] = silence),
    'authorization server',
    /did not answer/,
  ],
  [
    'an endless answer',
    (a) => (a['/.well-known/oauth-authorization-server'] = json({ x: 'x'.repeat(400_000) })),
    'authorization server',
    /more than/,
  ],
  [
    'no PKCE',
    (a, url) =>
      (a['/.well-known/oauth-authorization-server'] = json({
        ...issuerMetadata(url),
        code_challenge_methods_supported: undefined,
      })),
    'PKCE',
    /does not say/,
  ],
  [
    'plain PKCE alone',
    (a, url) =>
      (a['/.well-known/oauth-authorization-server'] = json({
        ...issuerMetadata(url),
        code_challenge_methods_supported: ['plain'],
      })),
    'PKCE',
    /supports plain/,
  ],
  [
    'a token endpoint at plain http',
    (a, url) =>
      (a['/.well-known/oauth-authorization-server'] = json({
        ...issuerMetadata(url),
        token_endpoint: 'http://login.invalid/token',
      })),
    'authorization server',
    /token_endpoint .* is not an https URL/,
  ],
  ['a registration that fails', (a) => (a['/register'] = json({ error: 'x' }, 400)), 'registration', /failed with 400/],
  [
    'a state that is not sent back',
    (a) =>
      (a['/authorize'] = (req, res) =>
        void res
          .writeHead(302, { location: `${new URL(req.url ?? '', 'http://x').searchParams.get('redirect_uri')}?code=1` })
          .end()),
    'sign-in',
    /state/,
  ],
  [
    'an error instead of a code',
    (a) =>
      (a['/authorize'] = (req, res) =>
        void res
          .writeHead(302, {
            location: `${new URL(req.url ?? '', 'http://x').searchParams.get('redirect_uri')}?error=access_denied`,
          })
          .end()),
    'sign-in',
    /access_denied/,
  ],
  [
    'a code that is not taken',
    (a) => (a['/token'] = json({ error: 'invalid_grant' }, 400)),
    'sign-in',
    /answered with 400/,
  ],
  [
    'a token for another resource',
    (a, url) => (a['/token'] = json({ access_token: bearer({ iss: url, exp: 4e9 }), token_type: 'Bearer' })),
    'token',
    /no audience/,
  ],
  [
    'an expired token',
    (a, url) =>
      (a['/token'] = json({ access_token: bearer({ iss: url, aud: `${url}/mcp`, exp: 1 }), token_type: 'Bearer' })),
    'token',
    /expired/,
  ],
  [
    'a token of another issuer',
    (a, url) =>
      (a['/token'] = json({
        access_token: bearer({ iss: 'https://x.example', aud: `${url}/mcp`, exp: 4e9 }),
        token_type: 'Bearer',
      })),
    'token',
    /issuer of the token is https:\/\/x\.example/,
  ],
  [
    'a token that the server refuses',
    (a) => (a['/token'] = json({ access_token: 'opaque', token_type: 'Bearer' })),
    'initialize',
    /token is refused/,
  ],
]
