import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { Failure } from '#kernel/failure'
import type { FieldProblem } from '#kernel/failure'
import { newId } from '#kernel/ids'
import { operation } from '#kernel/calls/operation'
import type { Scope } from '#kernel/principal'
import { route } from '#kernel/calls/route'
import type { Route } from '#kernel/calls/route'
import type { Ingest } from './ingest.ts'
import { clockSkew } from './event-time.ts'
import { optional, readSegmentCall, SegmentShapes } from './segment.ts'
import type { SegmentCall, SegmentType } from './segment.ts'

/** Limits of the format (https://segment.com/docs): 500 KB a batch, 2,500 calls in it, 32 KB a call. */
const BATCH_BYTES_MAX = 500 * 1024
const CALL_BYTES_MAX = 32 * 1024 + 8 * 1024
const CALLS_MAX = 2500

const Problem = z.object({
  index: z.number().int().describe('Index of the call in the batch, from 0.'),
  messageId: z.string().optional(),
  path: z.string(),
  expected: z.string(),
  example: z.unknown().optional(),
})

const Accepted = z.object({
  success: z.literal(true),
  /**
   * Present if some calls of a batch were invalid: the valid ones are stored, and resending the batch changes nothing.
   */
  problems: z.array(Problem).optional(),
})
type Accepted = z.output<typeof Accepted>

const TYPES = Object.keys(SegmentShapes) as SegmentType[] // safe because: the keys of a const object.

/** The endpoints of the Segment HTTP tracking API, for use with Segment's client libraries. */
export function segmentRoutes({ ingest }: { readonly ingest: Ingest }): Route[] {
  const receive = receiveBatch(ingest)
  const batches = (['/v1/batch', '/v1/import'] as const).map((path) =>
    route(receive, {
      method: 'POST',
      path,
      tags: ['events'],
      envelope: 'bare',
      checksBody: true,
      bodyBytesMax: BATCH_BYTES_MAX,
      summary: 'Receive up to 2,500 Segment calls: track, identify, group, page, screen, alias',
    }),
  )
  const calls = TYPES.map((type) =>
    route(receiveCall(type, ingest), {
      method: 'POST',
      path: `/v1/${type}`,
      tags: ['events'],
      envelope: 'bare',
      checksBody: true,
      bodyBytesMax: CALL_BYTES_MAX,
      summary: `Receive one Segment ${type} call`,
    }),
  )
  return [...batches, ...calls, ...browserRoutes(ingest)]
}

/**
 * The endpoints of Segment's browser library (`@segment/analytics-next`): the first letter of each call. They accept keys
 * that anybody can read in a page, so they need a scope that allows nothing else.
 */
function browserRoutes(ingest: Ingest): Route[] {
  const address = (letter: string, summary: string) =>
    ({
      method: 'POST',
      path: `/v1/${letter}`,
      tags: ['events'],
      envelope: 'bare',
      checksBody: true,
      keyInBody: 'writeKey',
      summary,
    }) as const
  return [
    route(receiveBatch(ingest, 'events:write'), address('b', 'Receive a batch of Segment calls from a page')),
    ...TYPES.map((type) =>
      route(
        receiveCall(type, ingest, 'events:write'),
        address(type.charAt(0), `Receive a Segment ${type} call from a page`),
      ),
    ),
  ]
}

const Batch = z.looseObject({
  batch: z.array(z.unknown()).min(1).max(CALLS_MAX),
  sentAt: z.union([z.string(), z.number()]).nullish(),
  context: optional(z.looseObject({})),
})

const receiveBatch = (ingest: Ingest, scope: Scope = 'customers:write') =>
  operation({
    scope,
    effect: 'create',
    input: Batch,
    output: Accepted,
    async run(ctx, batch): Promise<Accepted> {
      const { calls, problems } = readBatch(ctx, batch)
      if (calls.length === 0) throw refused(problems)
      await ingest(ctx, calls)
      return problems.length > 0 ? { success: true, problems } : { success: true }
    },
  })

const receiveCall = (type: SegmentType, ingest: Ingest, scope: Scope = 'customers:write') =>
  operation({
    scope,
    effect: 'create',
    input: documented(SegmentShapes[type]),
    output: Accepted,
    async run(ctx, body): Promise<Accepted> {
      const call = readSegmentCall(type, body, receivedAt(ctx, undefined))
      if (Array.isArray(call)) throw refused(call.map(({ path, ...problem }) => ({ path: `body.${path}`, ...problem })))
      await ingest(ctx, [call])
      return { success: true }
    },
  })

/** Any object, described by the JSON Schema of the shape: `readSegmentCall` needs the body as it was sent. */
function documented(shape: z.ZodObject) {
  const { $schema: _dialect, ...schema } = z.toJSONSchema(shape, { io: 'input', unrepresentable: 'any' })
  return z.looseObject({}).meta(schema)
}

type BatchProblem = z.output<typeof Problem>

function readBatch(ctx: Ctx, body: z.output<typeof Batch>) {
  const received = receivedAt(ctx, body.sentAt)
  // Only what calls use: a batch may have a large context, and thousands of calls would each copy it.
  const { groupId, sessionId } = recordOr(body.context)
  const context = { ...(groupId !== undefined && { groupId }), ...(sessionId !== undefined && { sessionId }) }
  const calls: SegmentCall[] = []
  const problems: BatchProblem[] = []
  body.batch.forEach((raw, index) => {
    const item = isRecord(raw) ? raw : {}
    const found = TYPES.find((known) => known === item['type'])
    const whole = isRecord(body.context) ? { ...item, context: { ...context, ...recordOr(item['context']) } } : item
    const call =
      found === undefined
        ? [{ path: 'type', expected: `one of ${TYPES.join(', ')}` }]
        : readSegmentCall(found, whole, received)
    if (!Array.isArray(call)) calls.push(call)
    else problems.push(...call.map((problem) => batchProblem(index, item['messageId'], problem)))
  })
  return { calls, problems }
}

function batchProblem(index: number, messageId: unknown, { path, ...problem }: FieldProblem): BatchProblem {
  return { index, ...(typeof messageId === 'string' && { messageId }), path: `batch.${index}.${path}`, ...problem }
}

function receivedAt(ctx: Ctx, sentAt: unknown) {
  const now = ctx.clock()
  return { now, skewMilliseconds: clockSkew(now, sentAt), newMessageId: () => newId('msg', now) }
}

function refused(problems: readonly FieldProblem[]): Failure {
  return new Failure('invalid', 'Nothing was stored: the request has no valid call.', { problems })
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function recordOr(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {}
}
