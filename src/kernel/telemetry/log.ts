import { destination, pino, stdTimeFunctions } from 'pino'
import type { DestinationStream, Logger } from 'pino'
import { prettyFactory } from 'pino-pretty'
import type { Config } from '../config/config.ts'

export interface LogOptions {
  readonly settings: Pick<Config['observability'], 'logLevel' | 'logFormat'>
  readonly version: string
  /** The destination; default: standard output. Standard error where standard output carries a protocol. */
  readonly to?: 'stdout' | 'stderr' | DestinationStream
}

/** Pino's level names, by those of syslog. */
const LEVELS = { DEBUG: 'debug', INFO: 'info', WARNING: 'warn', ERROR: 'error', CRITICAL: 'fatal' } as const
const LABELS: Readonly<Record<string, string>> = { warn: 'WARNING', fatal: 'CRITICAL' }

/** Fields whose values are never logged, at the top level or up to two levels down. */
const SECRET_FIELDS = [
  'authorization',
  'Authorization',
  'cookie',
  'set-cookie',
  'password',
  'passwd',
  'secret',
  'token',
  'accessToken',
  'refreshToken',
  'access_token',
  'refresh_token',
  'apiKey',
  'api_key',
  'x-api-key',
  'encryptionKey',
  'privateKey',
  'email',
  'emails',
  'contact_email',
  'contactEmail',
]

/** Patterns of secrets anywhere in the finished line (messages, stacks, URLs). */
const IN_TEXT: readonly (readonly [RegExp, string])[] = [
  [/([a-z][a-z0-9+.-]*:\/\/)[^\s/@"']*:[^\s/@"']*@/gi, '$1***@'],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]{6,}/g, '$1 ***'],
  [/\bplim_[\w-]{6,}/g, 'plim_***'],
  [/([?&](?:token|key|api_key|apikey|password|secret|signature)=)[^&\s"']+/gi, '$1***'],
]

/** Creates the log: one line per event, as JSON or readable text, without secrets and e-mail addresses. */
export function createLog({ settings, version, to = 'stdout' }: LogOptions): Logger {
  const sink = typeof to === 'string' ? destination({ dest: to === 'stderr' ? 2 : 1, sync: true }) : to
  const stream = settings.logFormat === 'text' ? forPeople(sink) : sink
  return pino(
    {
      level: LEVELS[settings.logLevel],
      base: { service: 'plimsoll', version },
      timestamp: stdTimeFunctions.isoTime,
      formatters:
        settings.logFormat === 'text' ? {} : { level: (label) => ({ level: LABELS[label] ?? label.toUpperCase() }) },
      redact: {
        paths: SECRET_FIELDS.flatMap((name) => [quoted(name), `*${quoted(name)}`, `*.*${quoted(name)}`]),
        censor: '***',
      },
      hooks: { streamWrite: withoutSecrets },
    },
    stream,
  )
}

/** The text with credentials in URLs, bearer tokens and API keys replaced by `***`. */
export function withoutSecrets(text: string): string {
  return IN_TEXT.reduce((clean, [pattern, replacement]) => clean.replace(pattern, replacement), text)
}

function forPeople(sink: DestinationStream): DestinationStream {
  const format = prettyFactory({ colorize: false, ignore: 'service,version' })
  return { write: (line) => sink.write(format(line)) }
}

function quoted(name: string): string {
  return `["${name}"]`
}
