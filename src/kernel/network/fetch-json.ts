import { boundedText } from './bounded-text.ts'
import { Failure } from '../failure.ts'

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
 * Fetches JSON from a server that the operator configured, which may be in a private network; for URLs of users there
 * is `outbound`. Redirects are not followed but returned like any response. Throws `Failure('upstream')` when the
 * server cannot be reached, is too slow, or sends too much.
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
    const text = await boundedText(answer, bytesMax, () => tooMuch(host, bytesMax))
    return { status: answer.status, headers: answer.headers, text, json: jsonOf(text) }
  } catch (cause) {
    if (cause instanceof Failure) throw cause
    if (signal?.aborted === true) throw new Failure('cancelled', 'The call was cancelled.', { cause })
    const why = deadline.aborted ? `did not answer within ${timeoutSeconds} seconds` : 'could not be reached'
    throw new Failure('upstream', `The server at ${host} ${why}.`, { cause })
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Safe because `json: undefined` tells the caller that the body is not JSON.
    return undefined
  }
}

function tooMuch(host: string, bytesMax: number): Failure {
  return new Failure('upstream', `The server at ${host} answered with more than ${bytesMax} bytes.`)
}
