import { z } from 'zod'
import type { FieldProblem } from '#kernel/failure'
import { lossProblems } from '#kernel/calls/value-problems'
import { clockSkew, readDay, readTime } from './event-time.ts'
import { storableJson } from './storable-json.ts'

/** A track, page or screen call, parsed for storage. Times are ISO text in UTC. */
export interface TrackedEvent {
  readonly kind: 'event'
  readonly messageId: string
  readonly occurredAt: string
  readonly name: string
  readonly userId: string | null
  /** The group named by the call; takes precedence over the user's known group. */
  readonly groupId: string | null
  readonly feature: string | null
  readonly sessionId: string | null
  readonly durationSeconds: number | null
  readonly isError: boolean
  readonly propertiesJson: string | null
}

/** An identify call: who a user is. `traits` replace existing traits of the same name. */
export interface IdentifyCall {
  readonly kind: 'identify'
  readonly messageId: string
  readonly userId: string
  readonly anonymousId: string | null
  readonly groupId: string | null
  readonly traitsJson: string
}

/** A group call: the customer a user belongs to, and traits of that customer. */
export interface GroupCall {
  readonly kind: 'group'
  readonly messageId: string
  readonly userId: string | null
  readonly groupId: string
  /** The UTC day of the trait `createdAt`; null if it is not given. */
  readonly createdOn: string | null
  readonly traitsJson: string
}

/**
 * An alias call: `previousId` and `userId` are the same user, so events of the first belong to the second's customer.
 */
export interface AliasCall {
  readonly kind: 'alias'
  readonly messageId: string
  readonly userId: string
  readonly previousId: string
}

export type SegmentCall = TrackedEvent | IdentifyCall | GroupCall | AliasCall

/** Largest JSON text of one call's properties or traits, in characters (https://segment.com/docs: 32 KB an event). */
export const CALL_CHARACTERS_MAX = 32 * 1024

const Id = z
  .union([z.string(), z.number()])
  .transform(String)
  .pipe(z.string().min(1).max(200).refine(hasNoNul, 'text without NUL characters'))
const Name = z.string().min(1).max(200).refine(hasNoNul, 'text without NUL characters')
const Time = z.union([z.string(), z.number()])
const Json = z.record(z.string(), z.unknown())

/** An optional field. Libraries write the absent one as null, as empty text, and in PHP as an empty array for an object. */
export const optional = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (isEmpty(value) ? undefined : value), schema.nullish()).optional()

function isEmpty(value: unknown): boolean {
  return value === null || value === '' || (Array.isArray(value) && value.length === 0)
}

const common = {
  messageId: optional(Name),
  userId: optional(Id),
  anonymousId: optional(Id),
  timestamp: Time.nullish(),
  sentAt: optional(Time),
  context: optional(z.looseObject({ groupId: optional(Id), sessionId: optional(Id) })),
}

/** The request schema per call type, following Segment's libraries. Other fields are accepted and discarded. */
export const SegmentShapes = {
  track: z.looseObject({ ...common, event: Name, properties: optional(Json) }),
  page: z.looseObject({ ...common, name: optional(Name), properties: optional(Json) }),
  screen: z.looseObject({ ...common, name: optional(Name), properties: optional(Json) }),
  identify: z.looseObject({ ...common, traits: optional(Json) }),
  group: z.looseObject({ ...common, groupId: Id, traits: optional(Json) }),
  alias: z.looseObject({ ...common, userId: Id, previousId: Id }),
} as const

export type SegmentType = keyof typeof SegmentShapes

export interface ReceivedAt {
  readonly now: Date
  /** How far the sender's clock is behind the server's, unless the call states it itself (`clockSkew`). */
  readonly skewMilliseconds: number
  /** Generates an id for a call without a message id; such a call counts each time it is sent. */
  readonly newMessageId: () => string
}

/** Parses one call, or returns its problems. */
export function readSegmentCall(type: SegmentType, raw: unknown, received: ReceivedAt): SegmentCall | FieldProblem[] {
  const losses = isRecord(raw) ? lossProblems(storedOf(raw)) : []
  if (losses.length > 0) return [...losses]
  const call = parseCall(type, raw)
  if (Array.isArray(call)) return call
  const userId = call.userId ?? call.anonymousId ?? null
  if (userId === null && type !== 'group') return [{ path: 'userId', expected: 'a userId or an anonymousId' }]
  const skew = isGiven(call.sentAt) ? clockSkew(received.now, call.sentAt) : received.skewMilliseconds
  const occurredAt = readTime(call.timestamp, received.now, skew)
  if (occurredAt === undefined) {
    return [
      {
        path: 'timestamp',
        expected: 'a valid ISO 8601 time from 2000 to one day ahead',
        example: received.now.toISOString(),
      },
    ]
  }
  const messageId = call.messageId ?? received.newMessageId()
  const groupId = call.context?.groupId ?? null
  if (isAlias(type, call)) return { kind: 'alias', messageId, userId: call.userId, previousId: call.previousId }

  const json = storableJson((type === 'identify' || type === 'group' ? call['traits'] : call['properties']) ?? {})
  if (json.length > CALL_CHARACTERS_MAX) {
    const path = type === 'identify' || type === 'group' ? 'traits' : 'properties'
    return [{ path, expected: `at most ${CALL_CHARACTERS_MAX} characters of JSON, not ${json.length}` }]
  }
  if (type === 'identify' && userId !== null) {
    const anonymousId = call.anonymousId ?? null
    return { kind: 'identify', messageId, userId, anonymousId, groupId, traitsJson: json }
  }
  if (isGroup(type, call)) {
    const createdAt = call.traits?.['createdAt']
    const createdOn = isEmpty(createdAt ?? null) ? null : readDay(createdAt)
    if (createdOn === undefined) return [CREATED_AT]
    return { kind: 'group', messageId, userId, groupId: call.groupId, createdOn, traitsJson: json }
  }
  return trackedEvent(type, call, { messageId, occurredAt, userId, groupId, propertiesJson: json })
}

/** What is stored of a call. Everything else is discarded, whatever it holds. */
function storedOf({ userId, anonymousId, groupId, previousId, properties, traits, context }: Record<string, unknown>) {
  const named = isRecord(context) ? context['groupId'] : undefined
  return { userId, anonymousId, groupId, previousId, properties, traits, context: { groupId: named } }
}

const CREATED_AT = {
  path: 'traits.createdAt',
  expected: 'an ISO 8601 time from 1970 to 2199, UTC if it has no offset, or milliseconds since 1970',
  example: '2025-06-01T00:00:00Z',
}

type Parsed = z.output<(typeof SegmentShapes)[SegmentType]>

/**
 * Parses a call, skipping the schema for well-formed calls: validating them would cost half as much as storing them.
 */
function parseCall(type: SegmentType, raw: unknown): Parsed | FieldProblem[] {
  if (isPlainCall(type, raw)) return raw
  const parsed = SegmentShapes[type].safeParse(raw)
  if (parsed.success) return parsed.data
  return parsed.error.issues.map(({ path, message }) => ({ path: path.join('.') || '(body)', expected: message }))
}

/** True only for input that the schema would return unchanged; everything else must be parsed by the schema. */
function isPlainCall(type: SegmentType, raw: unknown): raw is Parsed {
  if (!isRecord(raw)) return false
  const { messageId, userId, anonymousId, timestamp, sentAt, context } = raw
  return (
    (messageId === undefined || isShortText(messageId)) &&
    (!isGiven(userId) || isShortText(userId)) &&
    (!isGiven(anonymousId) || isShortText(anonymousId)) &&
    (!isGiven(timestamp) || typeof timestamp === 'string') &&
    (!isGiven(sentAt) || isShortText(sentAt)) &&
    (!isGiven(context) || isPlainContext(context)) &&
    hasPlainOwnFields(type, raw)
  )
}

function isPlainContext(context: unknown): boolean {
  if (!isRecord(context)) return false
  const { groupId, sessionId } = context
  return (!isGiven(groupId) || isShortText(groupId)) && (!isGiven(sessionId) || isShortText(sessionId))
}

function hasPlainOwnFields(type: SegmentType, raw: Readonly<Record<string, unknown>>): boolean {
  const { properties, traits } = raw
  if (type === 'track') return isShortText(raw['event']) && (!isGiven(properties) || isRecord(properties))
  if (type === 'identify') return !isGiven(traits) || isRecord(traits)
  if (type === 'group') return isShortText(raw['groupId']) && (!isGiven(traits) || isRecord(traits))
  if (type === 'alias') return isShortText(raw['userId']) && isShortText(raw['previousId'])
  return (!isGiven(raw['name']) || isShortText(raw['name'])) && (!isGiven(properties) || isRecord(properties))
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null
}

/** A plain object, not an instance of a class. */
function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

function isAlias(type: SegmentType, _call: Parsed): _call is z.output<typeof SegmentShapes.alias> {
  return type === 'alias'
}

function isGroup(type: SegmentType, _call: Parsed): _call is z.output<typeof SegmentShapes.group> {
  return type === 'group'
}

function trackedEvent(
  type: SegmentType,
  call: Parsed,
  read: Pick<TrackedEvent, 'messageId' | 'occurredAt' | 'userId' | 'groupId' | 'propertiesJson'>,
): TrackedEvent {
  const properties = (call['properties'] ?? {}) as Readonly<Record<string, unknown>> // safe because: parsed as Json.
  const statedName = typeof call['event'] === 'string' ? call['event'] : call['name']
  const name = type === 'track' ? String(statedName) : viewName(type, statedName)
  return {
    kind: 'event',
    ...read,
    propertiesJson: read.propertiesJson === '{}' ? null : read.propertiesJson,
    name,
    feature: shortText(properties['feature']) ?? (type === 'track' ? null : shortText(statedName)),
    sessionId: shortText(call.context?.sessionId) ?? shortText(properties['session_id']),
    durationSeconds: duration(properties['duration_seconds'] ?? properties['duration']),
    isError: properties['is_error'] === true || properties['error'] === true,
  }
}

/**
 * The event name for a page or screen call, such as `Viewed Pricing Page`: the name Segment uses for destinations that
 * support only track events.
 */
function viewName(type: SegmentType, name: unknown): string {
  const what = type === 'page' ? 'Page' : 'Screen'
  return typeof name === 'string' ? `Viewed ${name} ${what}` : `Viewed ${what}`
}

function shortText(value: unknown): string | null {
  return isShortText(value) ? value : null
}

function isShortText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 200 && hasNoNul(value)
}

const YEAR_SECONDS = 366 * 86_400

function duration(value: unknown): number | null {
  return typeof value === 'number' && value >= 0 && value <= YEAR_SECONDS ? value : null
}

function hasNoNul(text: string): boolean {
  return !text.includes('\0')
}
