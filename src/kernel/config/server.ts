import ipaddr from 'ipaddr.js'
import { z } from 'zod'
import { commaList, notOff, notOn, setting, wholeNumber, yesOrNo } from './setting.ts'

const HOST_NAMES = 'host names without port, separated by commas (`*` names none)'
const ADDRESSES = 'IP addresses or CIDR ranges, separated by commas'

export const ServerSettings = z.object({
  environment: setting('ENVIRONMENT', z.enum(['development', 'test', 'staging', 'production']).default('development'), {
    describe: 'Where this process runs. `production` refuses weak, default, repeated and missing secrets.',
    example: 'production',
  }),
  host: setting('SERVER_HOST', z.string().min(1).default('127.0.0.1'), {
    describe: 'Address to listen on. In a container: `0.0.0.0`.',
    example: '0.0.0.0',
  }),
  port: setting('SERVER_PORT', wholeNumber(0, 65535).default(8080), {
    describe: 'TCP port for HTTP and MCP. `0` takes any free port.',
    example: '8080',
    aliases: ['PORT'],
  }),
  publicUrl: setting('PUBLIC_URL', origin().optional(), {
    describe:
      'The URL under which callers reach this server, without a path; needed behind a proxy and with several processes, and https in production. Default: host and port.',
    example: 'https://mcp.example.com',
    requiredInProduction: true,
    inProduction: (text) => (isRemotePlainHttp(text) ? 'an https URL (tokens and cookies go there)' : undefined),
  }),
  allowedHosts: setting('ALLOWED_HOSTS', commaList().refine(areHostNames, HOST_NAMES).default([]), {
    describe: 'Host names accepted in the `Host` header beside loopback and the public URL (DNS-rebinding guard).',
    example: 'mcp.example.com,mcp.internal',
  }),
  corsOrigins: setting('CORS_ORIGINS', commaList().default([]), {
    describe: 'Browser origins that may call the HTTP and MCP endpoints. Empty: none.',
    example: 'https://app.example.com',
    inProduction: (text) => (text.includes('*') ? 'the origins themselves, not `*`,' : undefined),
  }),
  trustedProxies: setting('TRUSTED_PROXIES', commaList().refine(areAddresses, ADDRESSES).default([]), {
    describe: 'Addresses or CIDR ranges of proxies whose `X-Forwarded-For` is believed. Empty: none.',
    example: '10.0.0.0/8',
    inProduction: (text) =>
      /\/0\b/.test(text) ? 'the addresses of your proxies (with `/0` callers choose their own address)' : undefined,
  }),
  httpsOnly: setting('HTTPS_ONLY', yesOrNo().default(false), {
    describe:
      'Serve callers by HTTPS alone, as a trusted proxy tells it in `X-Forwarded-Proto`: pages are redirected, API and MCP requests refused. Probes stay.',
    example: 'true',
  }),
  secureCookies: setting('SECURE_COOKIES', yesOrNo().optional(), {
    describe: 'Send cookies over HTTPS alone, under `__Secure-` names. Unset: when the public URL is https.',
    example: 'true',
    inProduction: notOff('`true`, or nothing,'),
  }),
  securityContact: setting('SECURITY_CONTACT', z.url({ protocol: /^(mailto|https|tel)$/, hostname: /.*/ }).optional(), {
    describe: 'Where to report a vulnerability, for `/.well-known/security.txt`. Unset: there is no such file.',
    example: 'mailto:security@example.com',
  }),
  outboundLoopback: setting('OUTBOUND_ALLOW_LOOPBACK', yesOrNo().default(false), {
    describe: 'Let URLs that users name lead to this machine, by plain HTTP too: for development and tests.',
    example: 'false',
    inProduction: notOn('nothing'),
  }),
  shutdownSeconds: setting('SHUTDOWN_TIMEOUT_SECONDS', wholeNumber(0, 600).default(25), {
    describe: 'How long a stop waits for calls in flight before it cancels them.',
    example: '25',
  }),
  toolTimeoutSeconds: setting('TOOL_TIMEOUT_SECONDS', wholeNumber(1, 3600).default(30), {
    describe: 'Deadline of one tool call.',
    example: '30',
  }),
  bodyBytesMax: setting('BODY_BYTES_MAX', wholeNumber(1024, 64 * 1024 * 1024).default(4 * 1024 * 1024), {
    describe: 'Largest accepted request body, in bytes.',
    example: '4194304',
  }),
  resultCharactersMax: setting('RESULT_CHARACTERS_MAX', wholeNumber(1000, 1_000_000).default(50_000), {
    describe: 'Largest tool result, in characters of JSON; a larger one is refused with a hint how to page.',
    example: '50000',
  }),
  dataDir: setting('DATA_DIR', z.string().min(1).default('.plimsoll'), {
    describe: 'Folder for the embedded database and local state.',
    example: '/var/lib/plimsoll',
  }),
})

/** An http or https URL that is an origin; its host in lower case, a default port left out. */
function origin() {
  return z
    .url({ protocol: /^https?$/ })
    .refine(isOrigin, 'a URL without path, query or credentials: the product is served at the root of a host')
    .overwrite((text) => (isOrigin(text) ? new URL(text).origin : text))
}

function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { pathname, search, hash, username, password } = new URL(text)
  return /^\/*$/.test(pathname) && `${search}${hash}${username}${password}` === ''
}

function isRemotePlainHttp(url: string): boolean {
  if (!URL.canParse(url)) return false
  const { protocol, hostname } = new URL(url)
  return protocol === 'http:' && !['localhost', '127.0.0.1', '[::1]'].includes(hostname)
}

function areHostNames(names: readonly string[]): boolean {
  return names.every((name) => /^[\p{L}\p{N}._-]+$/u.test(name))
}

function areAddresses(texts: readonly string[]): boolean {
  return texts.every((text) => ipaddr.isValid(text) || ipaddr.isValidCIDR(text))
}
