import { z } from 'zod'
import { change } from '#kernel/writes/single-change'
import type { Ctx } from '#kernel/context'
import { Failure } from '#kernel/failure'
import type { Person } from '#kernel/personal-data'
import type { HolderOutcome, SignedReport } from './contract.ts'
import { KnownPerson } from './contract.ts'
import { subjectContext } from './encrypted-fields.ts'
import { identifyPerson } from './identify-person.ts'
import { added, erasuresOf, notSearched, previewsOf, touched } from './outcomes.ts'
import type { PrivacyParts } from './request-erasure.ts'
import { signReport } from './signed-report.ts'
import { completeRequest, findRequest, lockRequest, saveErased, saveSuppressions } from './store/requests.ts'
import type { RequestRow } from './store/requests.ts'
import { identifiersOf } from './subject.ts'

export interface CarryOutParts extends PrivacyParts {
  /** Where the audit chain stands, to be told in the report; undefined while there is none. */
  readonly auditHead: (ctx: Ctx) => Promise<unknown>
}

interface Round {
  readonly requestId: string
  readonly person: Person
}

/** What was written while the person was being erased is found when one looks again. */
const LOOKS_MAX = 3

/**
 * Erases in one transaction, looks again, and signs what was done. Bears being cut off at any point and run again: what
 * is done is recorded with it, and a completed request answers its report.
 */
export function carryOutErasure(parts: CarryOutParts) {
  const { holders } = parts
  const erase = change<Round, readonly HolderOutcome[]>(
    'privacy.erase',
    'privacy:write',
    async (ctx, { requestId, person }) => {
      const row = await lockRequest(ctx, requestId)
      const round = await erasuresOf(ctx, holders, person)
      const done = row.done === null ? round : added(row.done, round)
      await saveErased(ctx, requestId, done)
      const hash = await parts.keys.hasher(ctx)
      await saveSuppressions(ctx, requestId, identifiersOf(person).map(hash))
      const after = {
        subject_hash: row.subject_hash,
        holders: counts(done),
      }
      return { result: done, subject: requestId, after, invalidates: cacheTags(parts) }
    },
  )
  const finish = change<{ row: RequestRow; report: Record<string, unknown>; at: Date }, SignedReport>(
    'privacy.complete-erasure',
    'privacy:write',
    async (ctx, { row, report, at }) => {
      const signed = signReport(report, await parts.keys.reportKey(ctx))
      await completeRequest(ctx, row.request_id, at, signed)
      return { result: signed, subject: row.request_id, after: { report: signed.signature.value } }
    },
  )

  return async (ctx: Ctx, requestId: string): Promise<SignedReport> => {
    const row = await findRequest(ctx, requestId)
    if (row.report !== null) return row.report
    if (row.status !== 'confirmed' && row.status !== 'erased') {
      throw new Failure('conflict', `The request ${requestId} is ${row.status}: confirm a preview first.`)
    }
    // Known before anything goes, because afterwards nobody could say any more what belongs to them.
    const person = await personOfRequest(ctx, parts, row)
    let done = await erase(ctx, { requestId, person })
    let found = touched(await previewsOf(ctx, holders, person))
    let looks = 1
    for (; found > 0 && looks < LOOKS_MAX; looks++) {
      done = await erase(ctx, { requestId, person })
      found = touched(await previewsOf(ctx, holders, person))
    }
    const at = ctx.clock()
    const report = { ...reportOf(ctx, row, person, done, at), looked_again: { times: looks, still_found: found } }
    return finish(ctx, { row, at, report: { ...report, audit_head: (await parts.auditHead(ctx)) ?? null } })
  }
}

async function personOfRequest(ctx: Ctx, { holders, keyring }: PrivacyParts, row: RequestRow): Promise<Person> {
  if (row.subject_sealed === null) throw new Failure('conflict', `The request ${row.request_id} is ${row.status}.`)
  const facts: unknown = JSON.parse(
    keyring.open(row.subject_sealed, subjectContext(ctx.tenantId, row.request_id)).toString(),
  )
  return identifyPerson(ctx, holders, z.parse(KnownPerson, facts))
}

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
    found: counts(row.found),
    done: counts(done),
    kept: done.flatMap(({ name, kept }) => kept.map((one) => ({ holder: name, ...one }))),
    names_not_searched_in_text: notSearched(person).length,
  }
}

const counts = (outcomes: readonly HolderOutcome[]) =>
  outcomes.map(({ name, erased, pseudonymised, scrubbed }) => ({ name, erased, pseudonymised, scrubbed }))

const cacheTags = ({ holders }: PrivacyParts) => [...new Set(holders().flatMap(({ cacheTags: tags }) => tags ?? []))]
