import { pino } from 'pino'
import { startEmbeddedPostgres } from '#kernel/database/embedded'

// A separate process that owns an embedded database, for tests that kill it. It prints the URL, or the error, in one
// line, and ends cleanly when it reads `stop`.
const [dataDir = ''] = process.argv.slice(2)
const say = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`)
try {
  const embedded = await startEmbeddedPostgres({ dataDir, log: pino({ level: 'silent' }) })
  say({ url: embedded.url })
  process.stdin.once('data', () => void embedded.stop().then(() => process.exit(0)))
} catch (error) {
  say({ error: error instanceof Error ? error.message : String(error) })
}
