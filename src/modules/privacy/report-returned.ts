import { z } from 'zod'
import { query } from '#kernel/calls/operation'
import type { Ctx } from '#kernel/context'
import { change } from '#kernel/writes/change'
import type { PrivacyParts } from './request-erasure.ts'
import { anySuppressed, findReturned, hasSuppressions, saveReturned } from './store/suppressions.ts'

const PAGE = 5000
const SHOWN_MAX = 200

/**
 * Finds people who were erased and are stored again, for example by an import. Returns how many, and logs a warning. It
 * blocks nothing: they may have become customers again, which only the organisation knows. Without erasures it costs one
 * look-up.
 */
export function reportReturned({ holders, keys }: PrivacyParts) {
  return async (ctx: Ctx): Promise<number> => {
    if (!(await hasSuppressions(ctx))) return 0
    const hash = await keys.hasher(ctx)
    let returned = 0
    for (const { name, emails } of holders()) {
      if (emails === undefined) continue
      for (let after = '', full = true; full; ) {
        ctx.signal.throwIfAborted()
        const page = await emails(ctx, after, PAGE)
        const hashes = page.map((email) => hash(`email:${email.normalize('NFC')}`))
        if (await anySuppressed(ctx, hashes)) returned += await markReturned(ctx, { holder: name, hashes })
        after = page.at(-1) ?? after
        full = page.length === PAGE
      }
    }
    if (returned > 0)
      ctx.log.warn({ returned }, 'people who were erased are stored again: see GET /api/v1/privacy/returned')
    return returned
  }
}

const markReturned = change({
  action: 'privacy.report-returned',
  scope: 'privacy:write',
  effect: 'update',
  input: z.strictObject({ holder: z.string(), hashes: z.array(z.string()) }),
  output: z.int(),
  async work(ctx, { holder, hashes }) {
    const returned = await saveReturned(ctx, hashes)
    return { result: returned.length, subject: holder, after: { returned } }
  },
})

/** The erased people who are stored again, as the ids of the requests that erased them; the latest first. */
export const listReturned = query({
  scope: 'privacy:read',
  input: z.strictObject({}),
  output: z.object({
    returned: z.array(z.object({ request_id: z.string(), erased_at: z.iso.datetime(), returned_at: z.iso.datetime() })),
  }),
  async run(ctx) {
    const rows = await findReturned(ctx, SHOWN_MAX)
    return {
      returned: rows.map(({ request_id, erased_at, returned_at }) => ({
        request_id,
        erased_at: erased_at.toISOString(),
        returned_at: returned_at.toISOString(),
      })),
    }
  },
})
