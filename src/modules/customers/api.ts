import type { Ctx } from '#kernel/context'
import type { ImportPathsOptions } from './import/import-paths.ts'
import type { ImportReport } from './import/report.ts'

/** What other modules and the command line may ask of customers. */
export interface Customers {
  /** Scores every customer of the context's tenant, as of the context's clock. */
  recomputeHealth(ctx: Ctx): Promise<{ readonly customers: number; readonly scored: number; readonly at_risk: number }>
  /** Imports the CSV files of files and folders, brings rollups and scores up to date, and reports on every row. */
  importPaths(ctx: Ctx, paths: readonly string[], options?: ImportPathsOptions): Promise<ImportReport>
  /** Fills the context's tenant with a made-up company of about 200 customers and eight weeks of scores. The same seed and day add nothing twice. */
  createDemo(ctx: Ctx, input: { readonly seed: number }): Promise<ImportReport>
}
