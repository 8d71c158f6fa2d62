import { change } from '#kernel/writes/single-change'
import type { Ctx } from '#kernel/context'
import type { PrivacyParts } from './request-erasure.ts'
import { anySuppressed, hasSuppressions, saveReturned } from './store/suppressions.ts'

const PAGE = 5000

/**
 * Notices people who were erased and are held again, by an import for one. It warns and does not block: they may have
 * become a customer anew, and only somebody of the organisation can tell. Costs nothing where nobody was ever erased.
 */
export function reportReturned({ holders, keys }: PrivacyParts) {
  const mark = change<{ holder: string; hashes: readonly string[] }, number>(
    'privacy.report-returned',
    'privacy:write',
    async (ctx, { holder, hashes }) => {
      const returned = await saveReturned(ctx, hashes)
      return { result: returned.length, subject: holder, after: { returned } }
    },
  )
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
        if (await anySuppressed(ctx, hashes)) returned += await mark(ctx, { holder: name, hashes })
        after = page.at(-1) ?? after
        full = page.length === PAGE
      }
    }
    if (returned > 0) ctx.log.warn({ returned }, 'people who were erased are held again: GET /api/v1/privacy/returned')
    return returned
  }
}
