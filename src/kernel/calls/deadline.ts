import { Failure } from '../failure.ts'

/**
 * Runs work with a deadline, which aborts the controller. Settles with the work, or rejects as soon as the controller
 * is aborted: with `Failure('timeout')`, `Failure('cancelled')`, or the failure it was aborted with.
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

/** As `withDeadline`, with another failure for the timeout. */
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
