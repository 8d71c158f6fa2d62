const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const
/** A terminal and npm both pass a Ctrl-C on: what comes within this time is the same wish again. */
const SAME_WISH_MILLISECONDS = 1000

export interface StopRequest {
  /** Resolves with the signal that asked for the stop. */
  readonly asked: Promise<NodeJS.Signals>
  isAsked(): boolean
}

/** Listens for the wish to stop, from now on. A second wish, a second after the first, ends the process at once. */
export function stopRequest(): StopRequest {
  const { promise: asked, resolve } = Promise.withResolvers<NodeJS.Signals>()
  let isAsked = false
  const ask = (signal: NodeJS.Signals) => {
    if (isAsked) return
    isAsked = true
    setTimeout(() => {
      for (const each of STOP_SIGNALS) process.off(each, ask)
    }, SAME_WISH_MILLISECONDS).unref()
    resolve(signal)
  }
  for (const signal of STOP_SIGNALS) process.on(signal, ask)
  return { asked, isAsked: () => isAsked }
}
