import { openScratchDatabase } from './scratch-database.ts'
import { generateCustomers } from './generated-customers.ts'
const db = await openScratchDatabase('/tmp/bench-explore')
const t = Date.now()
await generateCustomers(db.pool, { tenantId: 'bench', customers: 100000, days: 90, activeShare: 1 / 3 })
console.log(db.url, Date.now() - t)
process.on('SIGTERM', async () => {
  await db.close()
  process.exit(0)
})
setInterval(() => {}, 1000)
