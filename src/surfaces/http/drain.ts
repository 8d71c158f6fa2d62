import type { Server } from 'node:http'

interface DrainOptions {
  readonly deadlineSeconds: number
  /** Cancels what is still in flight at the deadline. */
  readonly stop: AbortController
  /** Cuts the connections that were upgraded, which the HTTP server does not track. */
  readonly cutSockets: () => void
}

/** Time after the deadline in which cancelled requests are answered and their work ends. */
export const CANCEL_GRACE_MILLISECONDS = 1000
const SWEEP_MILLISECONDS = 50

/** Closes the server within the deadline plus the grace period. Resolves with the number of connections that were cut. */
export async function drain(server: Server, { deadlineSeconds, stop, cutSockets }: DrainOptions): Promise<number> {
  if (!server.listening) return 0
  // Connections turn idle as their last answer is sent, and keep-alive would hold them open.
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
