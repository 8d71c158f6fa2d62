import { Failure } from '../failure.ts'

/**
 * Settles with the work, or rejects as soon as the controller is aborted; the deadline aborts it. Throws
 * `Failure('timeout')` or `Failure('cancelled')`, or the failure that the controller was aborted with.
 */
export function withDeadline<T>(
  controller: AbortController,
  what: string,
  seconds: number,
  work: () => Promise<T>,
): Promise<T> {
  const late = () =>
    new Failure(
      'timeout',
      `The ${what} did not finish within ${seconds} seconds and was stopped. Ask for less at once.`,
    )
  return within(controller, seconds, late, work)
}

/** The same with a failure of its own for work that is late. */
export function within<T>(
  controller: AbortController,
  seconds: number,
  late: () => Failure,
  work: () => Promise<T>,
): Promise<T> {
  const { signal } = controller
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(abortFailure(signal))
    if (signal.aborted) return onAbort()
    const timer = setTimeout(() => controller.abort(late()), seconds * 1000)
    signal.addEventListener('abort', onAbort, { once: true })
    const settle = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    }
    const fail = (error: unknown): void => {
      settle()
      reject(error)
    }
    const succeed = (value: T): void => {
      settle()
      resolve(value)
    }
    try {
      work().then(succeed, fail)
    } catch (error) {
      fail(error)
    }
  })
}

function abortFailure(signal: AbortSignal): Failure {
  if (signal.reason instanceof Failure) return signal.reason
  return new Failure('cancelled', 'The call was cancelled.', { cause: signal.reason })
}
