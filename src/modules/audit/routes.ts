import { Readable } from 'node:stream'
import { z } from 'zod'
import type { AuditTrail } from '#kernel/audit'
import { route } from '#kernel/calls/route'
import type { Route } from '#kernel/calls/route'
import { ExportQuery, ListBlocksAnswer, ListBlocksQuery, ListEventsAnswer, ListEventsQuery } from './contract.ts'
import { exportChain } from './export.ts'
import { auditReader } from './list-events.ts'
import { listBlocks } from './store/chain.ts'

const READ = { method: 'GET', tags: ['audit'], scope: 'audit:read' } as const

/** The trail for auditors. That it was read is an event, as for every route. There is no tool: auditors are not operators. */
export function auditRoutes(trail: AuditTrail): Route[] {
  const read = auditReader(trail)
  return [
    route({
      ...READ,
      path: '/api/v1/audit',
      summary: 'The audit events of the organisation, newest first',
      query: ListEventsQuery,
      response: ListEventsAnswer,
      run: (ctx, { query }) => read(ctx, query),
    }),
    route({
      ...READ,
      path: '/api/v1/audit/blocks',
      summary: 'The blocks of the audit chain, oldest first',
      query: ListBlocksQuery,
      response: ListBlocksAnswer,
      run: async (ctx, { query: { after, limit } }) => {
        const found = await listBlocks(ctx.db, ctx.tenantId, { after, limit })
        const blocks = found.map(({ block: { tenant_id: _tenant, ...block }, entries }) => {
          return { ...block, events_removed: entries === undefined }
        })
        return { blocks, next_after: found.length < limit ? null : (blocks.at(-1)?.number ?? null) }
      },
    }),
    route({
      ...READ,
      path: '/api/v1/audit/export',
      summary: 'The audit chain as lines of JSON, for plimsoll audit verify',
      query: ExportQuery,
      response: z.unknown(),
      envelope: 'bare',
      contentType: 'application/x-ndjson',
      run: async (ctx, { query: { from, to } }) => {
        const range = { ...(from && { from: new Date(from) }), ...(to && { to: new Date(to) }) }
        return Readable.from(exportChain(ctx.db, ctx.tenantId, range, ctx.clock()), { objectMode: false })
      },
    }),
  ]
}
