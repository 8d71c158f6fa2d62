import { closeSync, openSync } from 'node:fs'

/** A terminal and npm both forward a Ctrl-C: signals within this time count as one request. */
const SAME_REQUEST_MILLISECONDS = 1000

export interface StopRequest {
  /** Resolves with the signal that asked for the stop. */
  readonly asked: Promise<NodeJS.Signals>
  isAsked(): boolean
  /** Sets what SIGHUP does in a process without a terminal; until then it does nothing there. */
  onReload(act: () => void): void
}

/**
 * Listens for signals that request a stop. A second request, a second or more after the first, ends the process at once.
 * SIGHUP requests a stop in a process with a terminal, which was closed; in a service it reloads the secrets.
 */
export function stopRequest(): StopRequest {
  const { promise: asked, resolve } = Promise.withResolvers<NodeJS.Signals>()
  const isService = !hasTerminal()
  const signals: readonly NodeJS.Signals[] = isService ? ['SIGTERM', 'SIGINT'] : ['SIGTERM', 'SIGINT', 'SIGHUP']
  let reload: () => void = () => undefined
  if (isService) process.on('SIGHUP', () => reload())
  let isAsked = false
  const ask = (signal: NodeJS.Signals) => {
    if (isAsked) return
    isAsked = true
    setTimeout(() => {
      for (const each of signals) process.off(each, ask)
    }, SAME_REQUEST_MILLISECONDS).unref()
    resolve(signal)
  }
  for (const signal of signals) process.on(signal, ask)
  return { asked, isAsked: () => isAsked, onReload: (act) => void (reload = act) }
}

/** Whether this process has a controlling terminal. */
function hasTerminal(): boolean {
  if (process.platform === 'win32') return true
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    // Safe because the failure is the answer: a service has no terminal.
    return false
  }
}
