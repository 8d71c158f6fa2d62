import { z } from 'zod'
import { operation } from '#kernel/calls/operation'
import type { Ctx } from '#kernel/context'
import { Failure } from '#kernel/failure'
import { newId } from '#kernel/ids'
import type { Person, PersonFacts } from '#kernel/personal-data'
import type { Scope } from '#kernel/principal'
import { change } from '#kernel/writes/change'
import { Archive, HolderOutcome, PreviewInput } from './contract.ts'
import { identifyPerson } from './identify-person.ts'
import { ownAccount } from './own-data.ts'
import type { PrivacyParts } from './request-erasure.ts'
import { subjectOf } from './request-erasure.ts'
import { insertRequest } from './store/requests.ts'
import { knownOf, readSubject } from './subject.ts'

const ABOUT =
  'Everything this organisation holds about one person, by the part that holds it. Rows marked "own" are about the ' +
  'person; rows marked "mentioned" are about others, of which only the parts that name the person are here.'

/** Exports the rows of every holder about a person. Throws `too_large` past `rowsMax`; the command line has no limit. */
export function exportPerson(parts: PrivacyParts, rowsMax = Number.POSITIVE_INFINITY) {
  const record = recordExport('privacy:read')
  const gather = gatherArchive(parts, record, rowsMax)
  return operation({
    scope: 'privacy:read',
    effect: 'create',
    input: PreviewInput,
    output: Archive,
    calls: [record],
    run: (ctx, { person }) => gather(ctx, readSubject(person)),
  })
}

/** Exports the data of the person who is signed in. */
export function exportOwnData(parts: PrivacyParts, rowsMax: number) {
  const record = recordExport('own-data:read')
  const gather = gatherArchive(parts, record, rowsMax)
  return operation({
    scope: 'own-data:read',
    effect: 'create',
    input: z.strictObject({}),
    output: Archive,
    calls: [record],
    run: (ctx) => gather(ctx, { refs: [ownAccount(ctx)] }),
  })
}

const recordExport = (scope: Scope) =>
  change({
    action: 'privacy.export',
    scope,
    effect: 'create',
    input: z.strictObject({ id: z.string(), hash: z.string(), found: z.array(HolderOutcome) }),
    output: z.void(),
    async work(ctx, { id, hash, found }) {
      const none = { subject_sealed: null, expires_at: null, digest: null, token_hash: null }
      const row = { ...none, request_id: id, kind: 'export', status: 'completed', subject_hash: hash, found } as const
      await insertRequest(ctx, { ...row, completed_at: ctx.clock() })
      return { result: undefined, subject: id, after: { subject_hash: hash } }
    },
  })

function gatherArchive(
  { holders, keys }: PrivacyParts,
  record: ReturnType<typeof recordExport>,
  rowsMax: number,
): (ctx: Ctx, facts: PersonFacts) => Promise<Archive> {
  return async (ctx, facts) => {
    const person = await identifyPerson(ctx, holders, facts)
    const data: Archive['data'] = {}
    let rows = 0
    for (const holder of holders()) {
      const held = await holder.export(ctx, person)
      rows += held.length
      if (rows > rowsMax) throw tooLarge(rowsMax)
      data[holder.name] = held.map((row) => ({ ...row }))
    }
    const counts = holders().map(({ name, describe }) => ({ name, describe, rows: data[name]?.length ?? 0 }))
    const found = counts.map(exportedOf)
    const request_id = newId('prq', ctx.clock())
    await record(ctx, { id: request_id, hash: (await keys.hasher(ctx))(subjectOf(person)), found })
    return { request_id, readme: readmeOf(ctx, person, counts), data }
  }
}

type Counts = Archive['readme']['holders']

/** What a request says of a holder whose rows were exported. */
export function exportedOf({ rows, ...holder }: Counts[number]): HolderOutcome {
  const kept = [{ what: 'rows exported', count: rows, why: 'An export changes nothing.' }]
  return { ...holder, erased: 0, pseudonymised: 0, scrubbed: 0, kept }
}

/** What an archive says of itself. */
export function readmeOf(ctx: Ctx, person: Person, holders: Counts): Archive['readme'] {
  const made_at = ctx.clock().toISOString()
  return { about: ABOUT, tenant_id: ctx.tenantId, made_at, person: knownOf(person), holders }
}

const tooLarge = (rowsMax: number) =>
  new Failure(
    'too_large',
    `There are more than ${rowsMax} rows about this person. Request the export under /api/v1/privacy/exports/requested, or use plimsoll privacy export.`,
  )
