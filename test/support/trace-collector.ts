import { once } from 'node:events'
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'
import { z } from 'zod'

const Export = z.object({
  resourceSpans: z.array(
    z.object({
      scopeSpans: z.array(
        z.object({
          spans: z.array(
            z.object({
              traceId: z.string(),
              spanId: z.string(),
              parentSpanId: z.string().optional(),
              name: z.string(),
            }),
          ),
        }),
      ),
    }),
  ),
})

export type CollectedSpan = z.output<typeof Export>['resourceSpans'][number]['scopeSpans'][number]['spans'][number]

/** An OTLP/HTTP collector on loopback that stores the received spans. */
export async function startTraceCollector() {
  const spans: CollectedSpan[] = []
  const server = createServer((req, res) => {
    json(req)
      .then((body) => {
        const { resourceSpans } = Export.parse(body)
        spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)))
        server.emit('collected')
        res.writeHead(200, { 'Content-Type': 'application/json' }).end('{}')
      })
      .catch((error: unknown) => res.writeHead(400).end(String(error)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the collector has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    /** The spans of a trace, once it contains a span of this name. */
    async trace(traceId: string, name: string): Promise<readonly CollectedSpan[]> {
      for (;;) {
        const found = spans.filter((span) => span.traceId === traceId)
        if (found.some((span) => span.name === name)) return found
        await once(server, 'collected')
      }
    },
    close: () => server.close(),
  }
}
