import type { FastifyReply, FastifyRequest } from 'fastify'
import { within } from '#kernel/calls/deadline'
import type { ServerSentEvent, StreamAnswer, StreamDeadline, StreamRoute } from '#kernel/calls/stream-route'
import { Failure } from '#kernel/failure'
import { reportError } from './errors.ts'
import type { ErrorOptions } from './errors.ts'
import { eventWriter } from './event-writer.ts'
import type { TrailingWork } from './trailing-work.ts'
import { requireShape } from './mount-route.ts'

export interface StreamOptions extends ErrorOptions {
  readonly checkAnswers: boolean
  readonly trailing: TrailingWork
}

interface Arrival {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  /** Aborted when the caller disconnects, the process stops or a deadline passes. */
  readonly controller: AbortController
  readonly options: StreamOptions
}

const DEADLINE: StreamDeadline = { firstSeconds: 60, idleSeconds: 60, readerSeconds: 30 }

/**
 * Sends the events of a stream. Resolves with the JSON when the route answers without streaming. Rejects on failure:
 * before the first byte the error handler answers; after it, the failure was sent as the last event.
 */
export async function serveStream(
  route: StreamRoute,
  { request, reply, controller, options }: Arrival,
  run: () => Promise<StreamAnswer>,
): Promise<unknown> {
  const { firstSeconds, idleSeconds, readerSeconds, wholeSeconds } = { ...DEADLINE, ...route.deadline }
  const opened = () => tellMetrics(route, reply, options)
  const out = eventWriter(request, reply, { ...route, controller, readerSeconds, opened })
  const whole = wholeSeconds && setTimeout(() => controller.abort(late(wholeSeconds)), wholeSeconds * 1000)
  let iterator: AsyncIterator<ServerSentEvent> = NOTHING
  const release = () => options.trailing.add(iterator.return?.())
  const begin = async () => {
    const answer = await run()
    reply.headers(answer.headers ?? {})
    if ('json' in answer) return answer
    iterator = answer.stream[Symbol.asyncIterator]()
    // The stream was aborted meanwhile: nobody awaits its result.
    if (controller.signal.aborted) release()
    return iterator.next()
  }
  try {
    let next = await within(controller, firstSeconds, () => late(firstSeconds), begin)
    if ('json' in next) return jsonOf(route, next.json, options)
    out.open()
    while (next.done !== true) {
      await out.send(next.value)
      next = await within(
        controller,
        idleSeconds,
        () => silent(idleSeconds),
        async () => iterator.next(),
      )
    }
    out.end()
    return undefined
  } catch (error) {
    release()
    if (out.isOpen) out.end(route.errorEvent({ ...reportError(options, error, request).view, requestId: request.id }))
    throw error
  } finally {
    clearTimeout(whole)
  }
}

/** Reports first byte and end of a stream, which the framework's hooks report only for buffered responses. */
function tellMetrics({ method, path }: StreamRoute, reply: FastifyReply, { metrics: { http } }: StreamOptions): void {
  http.firstByte(path, reply.elapsedTime / 1000)
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) http.finished(method, path, reply.raw.statusCode, reply.elapsedTime / 1000)
  })
}

const NOTHING: AsyncIterator<ServerSentEvent> = { next: async () => ({ done: true, value: undefined }) }

function late(seconds: number): Failure {
  return new Failure('timeout', `The answer took longer than ${seconds} seconds and was stopped.`)
}

function silent(seconds: number): Failure {
  return new Failure('timeout', `The answer sent nothing for ${seconds} seconds and was stopped.`)
}

function jsonOf(route: StreamRoute, json: unknown, { checkAnswers }: StreamOptions): unknown {
  if (route.response === undefined) throw new Error(`${route.method} ${route.path} declares no JSON answer`)
  if (checkAnswers) requireShape(route, route.response, json)
  return json
}
