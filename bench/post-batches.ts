// A load generator in a separate process that posts prepared bodies as fast as the server accepts them. It prepares them,
// reports that it is ready, starts at the first message, and answers with the duration.
import { Agent, request } from 'node:http'
import { segmentBody, usageEvents } from './generated-events.ts'

export interface BatchLoad {
  readonly url: string
  readonly key: string
  /** The prefix of every message id, so that no round repeats the ids of another. */
  readonly run: string
  readonly batches: number
  readonly eventsEach: number
  readonly connections: number
  readonly now: number
}

export interface BatchResult {
  readonly seconds: number
  readonly failures: readonly string[]
}

// safe because: event-ingestion.ts starts this script with a BatchLoad as its only argument.
const load = JSON.parse(process.argv[2] ?? '') as BatchLoad
const bodies = Array.from({ length: load.batches }, (_, batch) =>
  Buffer.from(segmentBody(usageEvents(load.run, batch * load.eventsEach, load.eventsEach, load.now))),
)
const agent = new Agent({ keepAlive: true, maxSockets: load.connections })

process.once('message', () => {
  void postAll().then((result) => process.send?.(result))
})
process.once('disconnect', () => process.exit(0))
process.send?.('ready')

async function postAll(): Promise<BatchResult> {
  const failures: string[] = []
  let next = 0
  const startedAt = performance.now()
  const worker = async () => {
    for (let body = bodies[next++]; body !== undefined; body = bodies[next++]) {
      const answer = await post(body)
      if (answer !== undefined) failures.push(answer)
    }
  }
  await Promise.all(Array.from({ length: load.connections }, worker))
  return { seconds: (performance.now() - startedAt) / 1000, failures }
}

/** Posts one batch. Resolves with undefined when the server accepted it, otherwise with its answer. */
function post(body: Buffer): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': body.length,
      authorization: `Basic ${Buffer.from(`${load.key}:`).toString('base64')}`,
    }
    const sent = request(`${load.url}/v1/batch`, { method: 'POST', agent, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () =>
        resolve(response.statusCode === 200 ? undefined : `${response.statusCode}: ${text.slice(0, 300)}`),
      )
    })
    sent.on('error', reject)
    sent.end(body)
  })
}
