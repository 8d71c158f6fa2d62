import { cpuSeconds, LOAD_CORE, startPinned } from './pinned.ts'
import type { Sample } from './measure.ts'

/** An HTTP request that is sent repeatedly. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Load {
  readonly url: string
  /** Every connection sends them in turn. */
  readonly requests: readonly HttpRequest[]
  readonly connections: number
  readonly seconds: number
}

/** The counts of the load generator. */
export interface LoadResult {
  readonly perSecond: number
  readonly p50Milliseconds: number
  readonly p99Milliseconds: number
  readonly answers: number
  readonly failures: number
  readonly bytes: number
}

/**
 * Measures a server under load from a separate process on the other core. Throws unless every answer is a 2xx that is
 * as long as the checked one: a server that fails fast must not win.
 */
export async function measureLoad(load: Load, pid: number, isRight: (body: string) => boolean): Promise<Sample> {
  const bytesExpected = await probe(load, isRight)
  const generator = await startPinned<string>('load-generator.ts', { core: LOAD_CORE, args: [JSON.stringify(load)] })
  const before = cpuSeconds(pid)
  // safe because: load-generator.ts answers its only message with a LoadResult.
  const result = (await generator.ask('go')) as LoadResult
  const cpuMicroseconds = ((cpuSeconds(pid) - before) * 1e6) / result.answers
  await generator.stop()
  await probe(load, isRight)
  if (result.failures > 0) throw new Error(`${load.url}: ${result.failures} of ${result.answers} requests failed`)
  const bytesEach = result.bytes / result.answers
  if (bytesEach < bytesExpected) throw new Error(`${load.url}: answers of ${bytesEach} bytes, not ${bytesExpected}`)
  const { perSecond, p50Milliseconds, p99Milliseconds } = result
  return { perSecond, cpuMicroseconds, p50Milliseconds, p99Milliseconds }
}

/** Sends each request once and checks the answer. Returns the length of the smallest body in bytes. */
async function probe({ url, requests }: Load, isRight: (body: string) => boolean): Promise<number> {
  const lengths: number[] = []
  for (const { method, headers, body } of requests.slice(0, 20)) {
    const response = await fetch(url, { method, headers, ...(body === undefined ? {} : { body }) })
    const text = await response.text()
    if (!response.ok || !isRight(text)) throw new Error(`${url} answered ${response.status}: ${text.slice(0, 500)}`)
    lengths.push(Buffer.byteLength(text))
  }
  return Math.min(...lengths)
}
