import type { Ctx } from '#kernel/context'
import { rollUp } from '../events/roll-up.ts'
import { importFiles } from '../import/import-files.ts'
import type { ImportReport } from '../import/report.ts'
import { generatedSource } from '../import/source.ts'
import { contactLines, contractLines, customerLines, paymentLines } from './account-lines.ts'
import { demoCompany } from './company.ts'
import type { DemoCompany } from './company.ts'
import { usageLines } from './usage-lines.ts'
import { surveyLines, ticketLines, timelineLines } from './interaction-lines.ts'

const FILES: Readonly<Record<string, (company: DemoCompany) => Iterable<string>>> = {
  'customers.csv': customerLines,
  'contacts.csv': contactLines,
  'contracts.csv': contractLines,
  'payments.csv': paymentLines,
  'tickets.csv': ticketLines,
  'survey_answers.csv': surveyLines,
  'timeline_events.csv': timelineLines,
  'usage_events.csv': usageLines,
}

/**
 * Generates a demo company with about 200 customers and 180 days of history from a seed and the context's clock, and
 * loads it through the CSV import. `score` then computes the health of every customer. Running it again on the same day
 * adds nothing.
 */
export function createDemo(score: (ctx: Ctx) => Promise<unknown>) {
  return async (ctx: Ctx, { seed }: { readonly seed: number }): Promise<ImportReport> => {
    const company = demoCompany(seed, ctx.clock())
    const sources = Object.entries(FILES).map(([name, lines]) => generatedSource(name, () => lines(company)))
    const report = await importFiles(ctx, sources)
    await rollUp(ctx)
    await score(ctx)
    return report
  }
}
