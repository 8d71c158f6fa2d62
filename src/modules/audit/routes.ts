import { Readable } from 'node:stream'
import { z } from 'zod'
import type { AuditTrail } from '#kernel/audit'
import { query } from '#kernel/calls/operation'
import { route } from '#kernel/calls/route'
import type { Route } from '#kernel/calls/route'
import { ExportQuery, ListBlocksAnswer, ListBlocksQuery } from './contract.ts'
import { exportChain } from './export.ts'
import { listAuditEvents } from './list-events.ts'
import { listBlocks } from './store/chain.ts'

const READ = { method: 'GET', tags: ['audit'] } as const

/** The audit trail over REST, for auditors. There is no tool for it, because tools are for operators. */
export function auditRoutes(trail: AuditTrail): Route[] {
  return [
    route(listAuditEvents(trail), {
      ...READ,
      path: '/api/v1/audit',
      summary: 'The audit events of the organisation, newest first',
    }),
    route(listAuditBlocks, {
      ...READ,
      path: '/api/v1/audit/blocks',
      summary: 'The blocks of the audit chain, oldest first',
    }),
    route(exportAuditChain, {
      ...READ,
      path: '/api/v1/audit/export',
      summary: 'The audit chain as lines of JSON, for plimsoll audit verify',
      envelope: 'bare',
      contentType: 'application/x-ndjson',
    }),
  ]
}

const listAuditBlocks = query({
  scope: 'audit:read',
  input: ListBlocksQuery,
  output: ListBlocksAnswer,
  async run(ctx, { after, limit }) {
    const found = await listBlocks(ctx, { after, limit })
    const blocks = found.map(({ block: { tenant_id: _tenant, ...block }, entries }) => {
      return { ...block, events_removed: entries === undefined }
    })
    return { blocks, next_after: found.length < limit ? null : (blocks.at(-1)?.number ?? null) }
  },
})

const exportAuditChain = query({
  scope: 'audit:read',
  input: ExportQuery,
  output: z.unknown(),
  run(ctx, { from, to }) {
    const range = { ...(from && { from: new Date(from) }), ...(to && { to: new Date(to) }) }
    return Promise.resolve(Readable.from(exportChain(ctx, range, ctx.clock()), { objectMode: false }))
  },
})
