import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { Failure } from '#kernel/failure'
import type { Person } from '#kernel/personal-data'
import { KnownPerson } from './contract.ts'
import { subjectContext } from './encrypted-fields.ts'
import { identifyPerson } from './identify-person.ts'
import type { PrivacyParts } from './request-erasure.ts'
import type { RequestRow } from './store/requests.ts'

/** The person of a request, with all identifiers known now. Throws `conflict` when the request's subject was deleted. */
export async function personOfRequest(
  ctx: Ctx,
  { holders, keyring }: Pick<PrivacyParts, 'holders' | 'keyring'>,
  row: RequestRow,
): Promise<Person> {
  if (row.subject_sealed === null) throw new Failure('conflict', `The request ${row.request_id} is ${row.status}.`)
  const facts: unknown = JSON.parse(
    keyring.open(row.subject_sealed, subjectContext(ctx.tenantId, row.request_id)).toString(),
  )
  return identifyPerson(ctx, holders, z.parse(KnownPerson, facts))
}
