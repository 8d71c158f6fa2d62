import { z } from 'zod'
import { commaList, setting, wholeNumber, yesOrNo } from './setting.ts'

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
  }),
  publicUrl: setting('PUBLIC_URL', z.url({ protocol: /^https?$/ }).optional(), {
    describe:
      'The URL under which callers reach this server; needed behind a proxy and with several processes, and https in production. Default: host and port.',
    example: 'https://mcp.example.com',
  }),
  allowedHosts: setting('ALLOWED_HOSTS', commaList().default([]), {
    describe: 'Host names accepted in the `Host` header beside loopback and the public URL (DNS-rebinding guard).',
    example: 'mcp.example.com,mcp.internal',
  }),
  corsOrigins: setting('CORS_ORIGINS', commaList().default([]), {
    describe: 'Browser origins that may call the HTTP and MCP endpoints. Empty: none.',
    example: 'https://app.example.com',
  }),
  trustedProxies: setting('TRUSTED_PROXIES', commaList().default([]), {
    describe: 'Addresses or CIDR ranges of proxies whose `X-Forwarded-For` is believed. Empty: none.',
    example: '10.0.0.0/8',
  }),
  httpsOnly: setting('HTTPS_ONLY', yesOrNo().default(false), {
    describe:
      'Serve callers by HTTPS alone, as a trusted proxy tells it in `X-Forwarded-Proto`: pages are redirected, API and MCP requests refused. Probes stay.',
    example: 'true',
  }),
  secureCookies: setting('SECURE_COOKIES', yesOrNo().optional(), {
    describe: 'Send cookies over HTTPS alone, under `__Secure-` names. Unset: when the public URL is https.',
    example: 'true',
  }),
  securityContact: setting('SECURITY_CONTACT', z.url({ protocol: /^(mailto|https|tel)$/, hostname: /.*/ }).optional(), {
    describe: 'Where to report a vulnerability, for `/.well-known/security.txt`. Unset: there is no such file.',
    example: 'mailto:security@example.com',
  }),
  outboundLoopback: setting('OUTBOUND_ALLOW_LOOPBACK', yesOrNo().default(false), {
    describe: 'Let URLs that users name lead to this machine, by plain HTTP too: for development and tests.',
    example: 'false',
    neverInProduction: true,
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
