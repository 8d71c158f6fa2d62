import { Readable } from 'node:stream'
import { z } from 'zod'
import { operation, query } from '#kernel/calls/operation'
import type { Ctx } from '#kernel/context'
import { Failure } from '#kernel/failure'
import type { Files } from '#kernel/files'
import { newId } from '#kernel/ids'
import { personOf } from '#kernel/personal-data/person'
import { change } from '#kernel/writes/change'
import { HolderOutcome, PreviewInput, RequestById, RequestStatus } from './contract.ts'
import { privacyEvents } from './domain-events.ts'
import { subjectContext } from './encrypted-fields.ts'
import { exportedOf, readmeOf } from './export-person.ts'
import { personOfRequest } from './person-of-request.ts'
import { subjectOf } from './request-erasure.ts'
import type { PrivacyParts } from './request-erasure.ts'
import { completeExport, findRequest, insertRequest } from './store/requests.ts'
import { knownOf, readSubject } from './subject.ts'

export interface ExportParts extends PrivacyParts {
  readonly files: Pick<Files, 'put' | 'get'>
}

const Requested = z.object({ request_id: z.string(), status: RequestStatus })

/** Requests an export that a worker makes, however much is held; see `readExport` for its archive. */
export function requestExport({ keyring, keys }: PrivacyParts) {
  const record = change({
    action: 'privacy.request-export',
    scope: 'privacy:read',
    effect: 'create',
    input: z.strictObject({ request_id: z.string(), subject_hash: z.string(), subject_sealed: z.string() }),
    output: Requested,
    async work(ctx, asked) {
      const none = { expires_at: null, completed_at: null, digest: null, token_hash: null, found: [] }
      await insertRequest(ctx, { ...none, ...asked, kind: 'export', status: 'requested' })
      const { request_id, subject_hash } = asked
      return {
        result: { request_id, status: 'requested' as const },
        subject: request_id,
        after: { subject_hash },
        events: [privacyEvents.exportRequested({ request_id })],
      }
    },
  })
  return operation({
    scope: 'privacy:read',
    effect: 'create',
    input: PreviewInput,
    output: Requested,
    calls: [record],
    async run(ctx, { person: text }) {
      const person = personOf(readSubject(text))
      const request_id = newId('prq', ctx.clock())
      return record(ctx, {
        request_id,
        subject_hash: (await keys.hasher(ctx))(subjectOf(person)),
        subject_sealed: keyring.seal(JSON.stringify(knownOf(person)), subjectContext(ctx.tenantId, request_id)),
      })
    },
  })
}

/** How long an archive can be downloaded. */
const ARCHIVE_DAYS = 7
const DAY_MILLISECONDS = 86_400_000
const archiveName = (requestId: string) => `privacy/exports/${requestId}.json`

/**
 * Makes the archive of a requested export. It may be interrupted and run again: the archive replaces an earlier one, and
 * the request is completed after it is stored.
 */
export function makeExport({ files, ...parts }: ExportParts) {
  const complete = change({
    action: 'privacy.export',
    scope: 'privacy:read',
    effect: 'update',
    input: z.strictObject({ request_id: z.string(), expires_at: z.date(), found: z.array(HolderOutcome) }),
    output: z.void(),
    async work(ctx, done) {
      await completeExport(ctx, { ...done, at: ctx.clock() })
      return { result: undefined, subject: done.request_id }
    },
  })
  return async (ctx: Ctx, { request_id }: { readonly request_id: string }): Promise<void> => {
    const row = await findRequest(ctx, request_id)
    if (row.status !== 'requested') return
    const person = await personOfRequest(ctx, parts, row)
    const [about] = person.refs
    const expiresAt = new Date(ctx.clock().getTime() + ARCHIVE_DAYS * DAY_MILLISECONDS)
    const found: HolderOutcome[] = []
    async function* archive() {
      const counts: { name: string; describe: string; rows: number }[] = []
      yield Buffer.from(`{"request_id":${JSON.stringify(request_id)},"data":{`)
      for (const [at, holder] of parts.holders().entries()) {
        const rows = await holder.export(ctx, person)
        counts.push({ name: holder.name, describe: holder.describe, rows: rows.length })
        yield Buffer.from(`${at === 0 ? '' : ','}${JSON.stringify(holder.name)}:${JSON.stringify(rows)}`)
      }
      found.push(...counts.map(exportedOf))
      yield Buffer.from(`},"readme":${JSON.stringify(readmeOf(ctx, person, counts))}}\n`)
    }
    await files.put(ctx, {
      name: archiveName(request_id),
      mediaType: 'application/json',
      content: archive(),
      expiresAt,
      ...(about !== undefined && { about }),
    })
    await complete(ctx, { request_id, expires_at: expiresAt, found })
  }
}

/** The archive of a completed export, as bytes of JSON. Throws `not_found` before it is made, and once it has expired. */
export const readExport = ({ files }: Pick<ExportParts, 'files'>) =>
  query({
    scope: 'privacy:read',
    input: RequestById,
    output: z.instanceof(Readable),
    async run(ctx, { id }) {
      const { kind, status } = await findRequest(ctx, id)
      if (kind === 'export' && status === 'requested')
        throw new Failure('conflict', `The export ${id} is not made yet. Ask again in a while.`, { code: 'NOT_READY' })
      const { content } = await files.get(ctx, archiveName(id))
      return Readable.from(content)
    },
  })
