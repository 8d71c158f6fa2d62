/** Detects changes during a read, so that a value is cached only if nothing changed while it was read. */
export interface ChangeWatch {
  /** Reports a change, or that one may have been missed. */
  changed(): void
  /**
   * Starts a read. The returned function tells, after the read, whether the result may be cached: only if the source
   * was connected all the time and reported no change.
   */
  reading(): () => boolean
}

/** `source.connected` is true while every change is received. */
export function changeWatch(source: { readonly connected: boolean }): ChangeWatch {
  let changes = 0
  return {
    changed() {
      changes++
    },
    reading() {
      const [wasConnected, before] = [source.connected, changes]
      return () => wasConnected && source.connected && changes === before
    },
  }
}
