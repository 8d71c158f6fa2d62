import type { Ctx } from '#kernel/context'
import type { ImportPathsOptions } from './import/import-paths.ts'
import type { ImportReport } from './import/report.ts'

/** The API of the customers module for other modules and the command line. */
export interface Customers {
  /** Scores every customer of the context's tenant, as of the context's clock. */
  recomputeHealth(ctx: Ctx): Promise<{ readonly customers: number; readonly scored: number; readonly at_risk: number }>
  /** Imports the CSV files of files and folders, brings rollups and scores up to date, and reports on every row. */
  importPaths(ctx: Ctx, paths: readonly string[], options?: ImportPathsOptions): Promise<ImportReport>
  /**
   * Fills the context's tenant with demo data: about 200 customers and eight weeks of scores. Running it again with the
   * same seed on the same day adds nothing.
   */
  createDemo(ctx: Ctx, input: { readonly seed: number }): Promise<ImportReport>
}
