/** The registry of running tool calls. A shutdown waits for them and cancels those that exceed the deadline. */
export interface RunningCalls {
  add(call: AbortController): void
  remove(call: AbortController): void
  /** Resolves with the number of cancelled calls, once none runs or the deadline has passed. */
  drain(deadlineSeconds: number): Promise<number>
}

export function runningCalls(): RunningCalls {
  const calls = new Set<AbortController>()
  let idle: (() => void) | undefined
  return {
    add: (call) => void calls.add(call),
    remove: (call) => {
      calls.delete(call)
      if (calls.size === 0) idle?.()
    },
    drain: async (deadlineSeconds) => {
      if (calls.size === 0) return 0
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, deadlineSeconds * 1000)
        idle = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      const late = [...calls]
      for (const call of late) call.abort()
      return late.length
    },
  }
}
