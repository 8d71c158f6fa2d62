export interface Sleeper {
  /** Ends the current sleep, or the next one when nobody sleeps. */
  wake(): void
  /** Discards a wake-up that no sleep has used. */
  reset(): void
  sleep(seconds: number): Promise<void>
}

export function sleeper(): Sleeper {
  let isWoken = false
  let end: (() => void) | undefined
  return {
    wake() {
      isWoken = true
      end?.()
    },
    reset() {
      isWoken = false
    },
    sleep(seconds) {
      if (isWoken) return Promise.resolve()
      return new Promise((resolve) => {
        const timer = setTimeout(() => end?.(), seconds * 1000)
        end = () => {
          clearTimeout(timer)
          end = undefined
          resolve()
        }
      })
    },
  }
}
