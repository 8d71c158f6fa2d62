export interface Sleeper {
  /** Ends the sleep at hand, or the next one when there is none. */
  wake(): void
  /** Forgets a wake-up for which nobody slept. */
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
