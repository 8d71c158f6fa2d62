import { destination, pino, stdTimeFunctions } from 'pino'
import type { DestinationStream, Logger } from 'pino'
import { prettyFactory } from 'pino-pretty'
import type { Config } from '../config/config.ts'

export interface LogOptions {
  readonly settings: Pick<Config['observability'], 'logLevel' | 'logFormat'>
  readonly version: string
  /** Where lines go; standard output by default, or standard error where standard output is a protocol. */
  readonly to?: 'stdout' | 'stderr' | DestinationStream
}

/** The names used here and by syslog, for pino's. */
const LEVELS = { DEBUG: 'debug', INFO: 'info', WARNING: 'warn', ERROR: 'error', CRITICAL: 'fatal' } as const
const LABELS: Readonly<Record<string, string>> = { warn: 'WARNING', fatal: 'CRITICAL' }

/** Fields whose value is never written, at the top of a line or up to two levels down. */
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

/** Secrets inside text (messages, stacks, URLs), wherever they stand in the finished line. */
const IN_TEXT: readonly (readonly [RegExp, string])[] = [
  [/([a-z][a-z0-9+.-]*:\/\/)[^\s/@"']*:[^\s/@"']*@/gi, '$1***@'],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]{6,}/g, '$1 ***'],
  [/\bplim_[\w-]{6,}/g, 'plim_***'],
  [/([?&](?:token|key|api_key|apikey|password|secret|signature)=)[^&\s"']+/gi, '$1***'],
]

/** One line an event, as JSON or for people, with secrets and personal addresses left out. */
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

/** The text with credentials in URLs, bearer tokens and keys of ours replaced by `***`. */
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
