import { pino } from 'pino'
import { startEmbeddedPostgres } from '#kernel/database/embedded'

// A process of its own that owns an embedded database, for tests that kill it. Says the URL, or why not, in one line;
// ends cleanly when told `stop`.
const [dataDir = ''] = process.argv.slice(2)
const say = (message: object) => process.stdout.write(`${JSON.stringify(message)}\n`)
try {
  const embedded = await startEmbeddedPostgres({ dataDir, log: pino({ level: 'silent' }) })
  say({ url: embedded.url })
  process.stdin.once('data', () => void embedded.stop().then(() => process.exit(0)))
} catch (error) {
  say({ error: error instanceof Error ? error.message : String(error) })
}
