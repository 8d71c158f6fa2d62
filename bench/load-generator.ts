// The load generator: autocannon in a separate process. It reports that it is ready, starts at the first message, and
// answers with the counts.
import autocannon from 'autocannon'
import type { Load, LoadResult } from './load.ts'

// safe because: load.ts starts this script with a Load as its only argument.
const { url, requests, connections, seconds } = JSON.parse(process.argv[2] ?? '') as Load

process.once('message', () => {
  void generateLoad().then((result) => process.send?.(result))
})
process.once('disconnect', () => process.exit(0))
process.send?.('ready')

async function generateLoad(): Promise<LoadResult> {
  const {
    requests: sent,
    latency,
    throughput,
    non2xx,
    errors,
    timeouts,
    duration,
  } = await autocannon({
    url,
    connections,
    duration: seconds,
    requests: [...requests],
  })
  return {
    perSecond: sent.total / duration,
    p50Milliseconds: latency.p50,
    p99Milliseconds: latency.p99,
    answers: sent.total,
    failures: non2xx + errors + timeouts,
    bytes: throughput.total,
  }
}
