/** Watches for changes while something is read, so that what is kept in memory is never older than the last of them. */
export interface ChangeWatch {
  /** A change was heard, or may have been missed. */
  changed(): void
  /**
   * Begins a reading. What it returns tells, once the reading is done, whether that may be kept: only if changes were
   * heard all the while and there was none, as it may have been of the very thing that was read.
   */
  reading(): () => boolean
}

/** `source` tells whether every change is heard at present. */
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
