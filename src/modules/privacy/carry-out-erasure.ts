import { z } from 'zod'
import { operation } from '#kernel/calls/operation'
import type { Ctx } from '#kernel/context'
import { Failure } from '#kernel/failure'
import type { Person } from '#kernel/personal-data'
import { change } from '#kernel/writes/change'
import { HolderOutcome, SignedReport } from './contract.ts'
import { countsOf, erasuresOf, notSearched, previewsOf, summed, touched } from './outcomes.ts'
import { personOfRequest } from './person-of-request.ts'
import type { PrivacyParts } from './request-erasure.ts'
import { signReport } from './signed-report.ts'
import { completeRequest, findRequest, lockRequest, saveErased } from './store/requests.ts'
import type { RequestRow } from './store/requests.ts'
import { saveSuppressions } from './store/suppressions.ts'
import { identifiersOf } from './subject.ts'

export interface CarryOutParts extends PrivacyParts {
  /** The head of the audit chain, for the report; undefined while the chain is empty. */
  readonly auditHead: (ctx: Ctx) => Promise<unknown>
}

/** Rounds of erasing and searching again: data may be written while the erasure runs. */
const ROUNDS_MAX = 3

/**
 * Erases a person in one transaction, searches again, and signs a report. May be interrupted at any point and run again:
 * each round records its outcome in its own transaction, and a completed request returns its stored report.
 */
export function carryOutErasure(parts: CarryOutParts) {
  const { holders } = parts
  const erase = eraseOnce(parts)
  const finish = completeErasure(parts)
  return operation({
    scope: 'privacy:write',
    effect: 'destroy',
    input: z.strictObject({ request_id: z.string() }),
    output: SignedReport,
    calls: [erase, finish],
    async run(ctx, { request_id }) {
      const row = await findRequest(ctx, request_id)
      if (row.report !== null) return row.report
      if (row.status !== 'confirmed' && row.status !== 'erased') {
        throw new Failure('conflict', `The request ${request_id} is ${row.status}: confirm a preview first.`)
      }
      // Identified before anything is erased, because afterwards the links between their records are gone.
      const person = await personOfRequest(ctx, parts, row)
      let done = await erase(ctx, { request_id, person })
      let found = touched(await previewsOf(ctx, holders, person))
      let rounds = 1
      for (; found > 0 && rounds < ROUNDS_MAX; rounds++) {
        done = await erase(ctx, { request_id, person })
        found = touched(await previewsOf(ctx, holders, person))
      }
      const at = ctx.clock()
      const report = { ...reportOf(ctx, row, person, done, at), looked_again: { times: rounds, still_found: found } }
      const audit_head = (await parts.auditHead(ctx)) ?? null
      return finish(ctx, { request_id, at, report: { ...report, audit_head } })
    },
  })
}

const eraseOnce = ({ holders, keys }: PrivacyParts) =>
  change({
    action: 'privacy.erase',
    scope: 'privacy:write',
    effect: 'destroy',
    input: z.strictObject({ request_id: z.string(), person: z.custom<Person>() }),
    output: z.array(HolderOutcome),
    async work(ctx, { request_id, person }) {
      const row = await lockRequest(ctx, request_id)
      const round = await erasuresOf(ctx, holders, person)
      const done = row.done === null ? round : summed(row.done, round)
      await saveErased(ctx, request_id, done)
      await saveSuppressions(ctx, request_id, identifiersOf(person).map(await keys.hasher(ctx)))
      return {
        result: done,
        subject: request_id,
        after: { subject_hash: row.subject_hash, holders: countsOf(done) },
        invalidates: [...new Set(holders().flatMap(({ cacheTags = [] }) => cacheTags))],
      }
    },
  })

const completeErasure = ({ keys }: PrivacyParts) =>
  change({
    action: 'privacy.complete-erasure',
    scope: 'privacy:write',
    effect: 'update',
    input: z.strictObject({ request_id: z.string(), at: z.date(), report: SignedReport.shape.report }),
    output: SignedReport,
    async work(ctx, { request_id, at, report }) {
      const signed = signReport(report, await keys.reportKey(ctx))
      await completeRequest(ctx, request_id, at, signed)
      return { result: signed, subject: request_id, after: { report: signed.signature.value } }
    },
  })

function reportOf(ctx: Ctx, row: RequestRow, person: Person, done: readonly HolderOutcome[], at: Date) {
  return {
    format: 'plimsoll-erasure-report/1',
    request_id: row.request_id,
    tenant_id: ctx.tenantId,
    subject_hash: row.subject_hash,
    searched_for: {
      emails: person.emails.size,
      phones: person.phones.size,
      names: person.names.size,
      refs: person.refs.size,
    },
    requested_by: { kind: row.requested_by_kind, id: row.requested_by },
    carried_out_by: ctx.actor.kind,
    requested_at: row.requested_at.toISOString(),
    confirmed_at: row.confirmed_at?.toISOString() ?? null,
    completed_at: at.toISOString(),
    preview_digest: row.digest,
    found: countsOf(row.found),
    done: countsOf(done),
    kept: done.flatMap(({ name, kept }) => kept.map((one) => ({ holder: name, ...one }))),
    names_not_searched_in_text: notSearched(person).length,
  }
}
