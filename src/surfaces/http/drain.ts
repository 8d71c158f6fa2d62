import type { Server } from 'node:http'

interface DrainOptions {
  readonly deadlineSeconds: number
  /** Cancels what is still in flight at the deadline. */
  readonly stop: AbortController
  /** Cuts the connections that the HTTP server does not know any more. */
  readonly cutSockets: () => void
}

/** For telling callers that their request was cancelled, and for what their work has to finish. */
export const CANCEL_GRACE_MILLISECONDS = 1000
const SWEEP_MILLISECONDS = 50

/** Ends in at most the deadline and the grace. Resolves with the number of connections that had to be cut. */
export async function drain(server: Server, { deadlineSeconds, stop, cutSockets }: DrainOptions): Promise<number> {
  if (!server.listening) return 0
  // A connection turns idle when its last answer is out; its caller would keep it open for the next request.
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MILLISECONDS)
  const closed = new Promise<true>((resolve) => server.close(() => resolve(true))).finally(() => clearInterval(sweep))
  server.closeIdleConnections()
  if (await before(closed, deadlineSeconds * 1000)) return 0
  stop.abort()
  if (await before(closed, CANCEL_GRACE_MILLISECONDS)) return 0
  const cut = await new Promise<number>((resolve) => server.getConnections((_error, count) => resolve(count ?? 0)))
  server.closeAllConnections()
  cutSockets()
  await closed
  return cut
}

function before(done: Promise<true>, milliseconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), milliseconds)
  })
  return Promise.race([done, late]).finally(() => clearTimeout(timer))
}
