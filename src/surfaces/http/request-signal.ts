import type { FastifyReply } from 'fastify'
import { Failure } from '#kernel/failure'

/** Runs the work of a request with an `AbortController` that aborts when the caller disconnects or the process stops. */
export async function requestSignal<T>(
  reply: FastifyReply,
  stopped: AbortSignal,
  work: (controller: AbortController) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const onStop = () => controller.abort(new Failure('unavailable', 'The server is stopping. Send the request again.'))
  const onClose = () => {
    if (!reply.raw.writableFinished) controller.abort(new Failure('cancelled', 'The caller disconnected.'))
  }
  reply.raw.once('close', onClose)
  stopped.addEventListener('abort', onStop, { once: true })
  try {
    return await work(controller)
  } finally {
    reply.raw.off('close', onClose)
    stopped.removeEventListener('abort', onStop)
  }
}
