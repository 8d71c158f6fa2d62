import { closeSync, openSync } from 'node:fs'

/** A terminal and npm both pass a Ctrl-C on: what comes within this time is the same wish again. */
const SAME_WISH_MILLISECONDS = 1000

export interface StopRequest {
  /** Resolves with the signal that asked for the stop. */
  readonly asked: Promise<NodeJS.Signals>
  isAsked(): boolean
  /** From now on, SIGHUP does this in a process without a terminal; before, it does nothing there. */
  onReload(act: () => void): void
}

/**
 * Listens for the wish to stop, from now on. A second wish, a second after the first, ends the process at once. SIGHUP
 * is one where it says that the terminal is gone; a service, which has none, is told by it to read its secrets again.
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
    }, SAME_WISH_MILLISECONDS).unref()
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
    // Safe because that it cannot be opened is the answer: a service has none.
    return false
  }
}
