import { change } from '#kernel/writes/single-change'
import type { Ctx } from '#kernel/context'
import type { Scope } from '#kernel/principal'
import { Failure } from '#kernel/failure'
import { newId } from '#kernel/ids'
import type { Archive, HolderOutcome } from './contract.ts'
import { identifyPerson } from './identify-person.ts'
import type { PrivacyParts } from './request-erasure.ts'
import { subjectOf } from './request-erasure.ts'
import { insertRequest } from './store/requests.ts'
import { knownOf, readSubject } from './subject.ts'

const ABOUT =
  'Everything this organisation holds about one person, by the part that holds it. Rows marked "own" are about the ' +
  'person; rows marked "mentioned" are about others, of which only the parts that name the person are here.'

/** Gathers what every holder knows. Throws `too_large` past `rowsMax`: the command line has no such limit. */
export function exportPerson({ holders, keys }: PrivacyParts, scope: Scope = 'privacy:read') {
  const record = change<{ id: string; hash: string; found: HolderOutcome[] }, void>(
    'privacy.export',
    scope,
    async (ctx, { id, hash, found }) => {
      const none = { subject_sealed: null, expires_at: null, digest: null, token_hash: null }
      const row = { ...none, request_id: id, kind: 'export', status: 'completed', subject_hash: hash, found } as const
      await insertRequest(ctx, { ...row, completed_at: ctx.clock() })
      return { result: undefined, subject: id, after: { subject_hash: hash } }
    },
  )
  return async (ctx: Ctx, input: { readonly person: string; readonly rowsMax?: number }): Promise<Archive> => {
    const { person: text, rowsMax = Number.POSITIVE_INFINITY } = input
    const person = await identifyPerson(ctx, holders, readSubject(text))
    const data: Archive['data'] = {}
    let rows = 0
    for (const holder of holders()) {
      const held = await holder.export(ctx, person)
      rows += held.length
      if (rows > rowsMax) throw tooLarge(rowsMax)
      data[holder.name] = held.map((row) => ({ ...row }))
    }
    const counts = holders().map(({ name, describe }) => ({ name, describe, rows: data[name]?.length ?? 0 }))
    const found = counts.map(({ rows: kept, ...holder }) => ({
      ...{ ...holder, erased: 0, pseudonymised: 0, scrubbed: 0 },
      kept: [{ what: 'rows exported', count: kept, why: 'An export changes nothing.' }],
    }))
    const request_id = newId('prq', ctx.clock())
    await record(ctx, { id: request_id, hash: (await keys.hasher(ctx))(subjectOf(person)), found })
    return {
      request_id,
      readme: {
        about: ABOUT,
        tenant_id: ctx.tenantId,
        made_at: ctx.clock().toISOString(),
        person: knownOf(person),
        holders: counts,
      },
      data,
    }
  }
}

const tooLarge = (rowsMax: number) =>
  new Failure('too_large', `There are more than ${rowsMax} rows. Export them by plimsoll privacy export.`)
