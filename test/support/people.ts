import { randomBytes } from 'node:crypto'
import { PassThrough } from 'node:stream'
import { systemClock } from '../../src/kernel/clock.ts'
import type { Clock } from '../../src/kernel/clock.ts'
import { loadConfig } from '../../src/kernel/config/load.ts'
import { createLog } from '../../src/kernel/log.ts'
import { buildApp } from '../../src/app.ts'
import type { App } from '../../src/app.ts'
import type { TestDatabase } from './database.ts'

/** The whole product on loopback, and the mails it would have sent. */
export interface PeopleServer {
  readonly app: App
  readonly url: string
  /** The link in the newest mail with these words in its subject. Mails are written after the answer is out. */
  lastLink(subject: string): string | undefined
  mailCount(subject: string): number
}

/** Starts the product as in a test environment: mails go to the log, where this reads them. */
export async function startPeopleServer(
  database: TestDatabase,
  settings: Readonly<Record<string, string>> = {},
  clock: Clock = systemClock,
): Promise<PeopleServer> {
  const mails: { subject: string; link: string }[] = []
  const lines = new PassThrough()
  lines.on('data', (chunk: Buffer) => {
    if (process.env['TEST_LOG_LEVEL'] !== undefined) process.stderr.write(chunk)
    for (const line of chunk.toString().split('\n').filter(Boolean)) {
      // safe because: the log writes one JSON object a line.
      const { subject, link } = JSON.parse(line) as { subject?: string; link?: string }
      if (subject !== undefined && link !== undefined) mails.push({ subject, link })
    }
  })
  const config = loadConfig({
    ENVIRONMENT: 'test',
    DATABASE_URL: database.url,
    SERVER_PORT: '0',
    RATE_LIMIT_ENABLED: 'false',
    ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    BETTER_AUTH_SECRET: randomBytes(32).toString('base64url'),
    JWT_SECRET: randomBytes(32).toString('base64url'),
    ...settings,
  })
  const log = createLog({ settings: { logLevel: 'INFO', logFormat: 'json' }, version: 'test', to: lines })
  const app = await buildApp({ config, clock, log, version: 'test', as: 'server' })
  const { url } = await app.listen()
  const about = (subject: string) => mails.filter((mail) => mail.subject.includes(subject))
  return {
    app,
    url,
    lastLink: (subject) => about(subject).at(-1)?.link,
    mailCount: (subject) => about(subject).length,
  }
}
