import { Failure } from './failure.ts'

export interface JsonAnswer {
  readonly status: number
  readonly headers: Headers
  /** Undefined when the body is not JSON. */
  readonly json: unknown
  readonly text: string
}

export interface JsonRequest {
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly timeoutSeconds?: number
  readonly bytesMax?: number
  readonly signal?: AbortSignal
}

/**
 * Fetches a document from a server that the operator named, which may be a private one; for URLs of users there is
 * `outbound`. Follows no redirect: it is an answer like any other. Throws `Failure('upstream')` for a server that cannot
 * be reached, is late, or says more than it may.
 */
export async function fetchJson(url: string, request: JsonRequest = {}): Promise<JsonAnswer> {
  const { timeoutSeconds = 5, bytesMax = 256 * 1024, method = 'GET', headers, body, signal } = request
  const deadline = AbortSignal.timeout(timeoutSeconds * 1000)
  const host = new URL(url).host
  try {
    const answer = await fetch(url, {
      method,
      headers: { accept: 'application/json', ...headers },
      ...(body !== undefined && { body }),
      redirect: 'manual',
      signal: signal === undefined ? deadline : AbortSignal.any([deadline, signal]),
    })
    const text = await boundedText(answer, bytesMax, host)
    return { status: answer.status, headers: answer.headers, text, json: jsonOf(text) }
  } catch (cause) {
    if (cause instanceof Failure) throw cause
    if (signal?.aborted === true) throw new Failure('cancelled', 'The call was cancelled.', { cause })
    const why = deadline.aborted ? `did not answer within ${timeoutSeconds} seconds` : 'could not be reached'
    throw new Failure('upstream', `The server at ${host} ${why}.`, { cause })
  }
}

async function boundedText({ body }: Response, bytesMax: number, host: string): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  if (body === null) return ''
  // safe because: the body of an answer is a stream of bytes (Fetch Standard, 2.2.4); its type has lost them.
  for await (const chunk of body as ReadableStream<Uint8Array>) {
    bytes += chunk.length
    if (bytes > bytesMax)
      throw new Failure('upstream', `The server at ${host} answered with more than ${bytesMax} bytes.`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
