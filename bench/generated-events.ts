/** A usage event, to be formatted for HTTP or for COPY. */
export interface UsageEvent {
  readonly messageId: string
  readonly clientId: string
  readonly userId: string
  readonly name: string
  readonly feature: string
  readonly sessionId: string
  readonly minutes: number
  readonly at: string
}

const NAMES = ['Report Opened', 'Dashboard Viewed', 'Export Started', 'Member Invited', 'Search Run']
const CUSTOMERS = 2000

/** The events `from … from + count − 1` of a run, all within the last three hours, each with its own message id. */
export function usageEvents(run: string, from: number, count: number, now: number): UsageEvent[] {
  return Array.from({ length: count }, (_, offset) => {
    const n = from + offset
    const mixed = Math.imul(n, 2_654_435_761) >>> 0
    return {
      messageId: `${run}-${n.toString(36).padStart(8, '0')}`,
      clientId: `cus_${String(1 + (mixed % CUSTOMERS)).padStart(8, '0')}`,
      userId: `user_${mixed % 9973}`,
      name: NAMES[mixed % NAMES.length] ?? '',
      feature: `feature-${mixed % 40}`,
      sessionId: `session_${mixed % 100_003}`,
      minutes: mixed % 30,
      at: new Date(now - (mixed % 10_800_000)).toISOString(),
    }
  })
}

/** The body of `/v1/batch` as `@segment/analytics-node` sends it. */
export function segmentBody(events: readonly UsageEvent[]): string {
  return JSON.stringify({
    batch: events.map((event) => ({
      type: 'track',
      messageId: event.messageId,
      userId: event.userId,
      event: event.name,
      timestamp: event.at,
      properties: {
        feature: event.feature,
        session_id: event.sessionId,
        duration_seconds: event.minutes * 60,
        plan: 'pro',
      },
      context: { groupId: event.clientId, library: { name: '@segment/analytics-node', version: '3.1.0' } },
    })),
    sentAt: new Date().toISOString(),
  })
}

/** The columns of `copyText`, in order. */
export const COPY_COLUMNS = [
  'tenant_id',
  'client_id',
  'occurred_at',
  'message_id',
  'event_name',
  'user_id',
  'feature',
  'session_id',
  'duration_seconds',
  'properties',
] as const

/** The same rows in the text format of COPY; no value here needs escaping. */
export function copyText(tenantId: string, events: readonly UsageEvent[]): string {
  return events
    .map((event) => {
      const properties = JSON.stringify({ plan: 'pro' })
      const { clientId, at, messageId, name, userId, feature, sessionId, minutes } = event
      return `${[tenantId, clientId, at, messageId, name, userId, feature, sessionId, minutes * 60, properties].join('\t')}\n`
    })
    .join('')
}
