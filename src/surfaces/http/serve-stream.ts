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
  /** Aborted when the caller leaves, the process stops or a deadline passes. */
  readonly controller: AbortController
  readonly options: StreamOptions
}

const DEADLINE: StreamDeadline = { firstSeconds: 60, idleSeconds: 60, readerSeconds: 30 }

/**
 * Sends the events of a stream as they come. Resolves with the JSON of an answer that does not stream. Rejects when it
 * fails: before the first byte for somebody else to answer, after it with the failure told as the last event.
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
    // It was aborted meanwhile, and nobody waits for it any more.
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

/** The first byte, and the end where the framework does not see it: it tells of responses that are sent whole. */
function tellMetrics({ method, path }: StreamRoute, reply: FastifyReply, { metrics: { http } }: StreamOptions): void {
  http.firstByte(path, reply.elapsedTime / 1000)
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) http.finished(method, path, reply.raw.statusCode, reply.elapsedTime / 1000)
  })
}

const NOTHING: AsyncIterator<ServerSentEvent> = { next: async () => ({ done: true, value: undefined }) }

function late(seconds: number): Failure {
  return new Failure('timeout', `The answer was not there within ${seconds} seconds and was stopped.`)
}

function silent(seconds: number): Failure {
  return new Failure('timeout', `Nothing more came for ${seconds} seconds, so the answer was stopped.`)
}

function jsonOf(route: StreamRoute, json: unknown, { checkAnswers }: StreamOptions): unknown {
  if (route.response === undefined) throw new Error(`${route.method} ${route.path} declares no JSON answer`)
  if (checkAnswers) requireShape(route, route.response, json)
  return json
}
