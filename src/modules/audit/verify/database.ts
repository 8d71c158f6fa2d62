import type { Db } from '#kernel/database/db'
import { findStrays } from '../store/strays.ts'
import type { Stray } from '../store/strays.ts'
import type { Problem, VerifyReport } from './report.ts'
import { verifyLines } from './verify-lines.ts'
import type { VerifyOptions } from './verify-lines.ts'

const STRAYS_MAX = 100

/** Verifies a chain in the database: as its export is verified, and that no event is outside the chain. */
export async function verifyDatabase(
  system: Db,
  { tenantId, lines }: { readonly tenantId: string; readonly lines: AsyncIterable<string> },
  options: VerifyOptions = {},
): Promise<VerifyReport> {
  const report = await verifyLines(lines, options)
  const strays = await findStrays({ db: system, tenantId }, STRAYS_MAX)
  const problemCount = report.problemCount + (strays[0]?.count ?? 0)
  const problems = [...report.problems, ...strays.map(problemOf)]
  return { ...report, ok: problemCount === 0, problems, problemCount }
}

function problemOf({ id: event, is_there: isThere }: Stray): Problem {
  if (!isThere) return { kind: 'missing_event', event, message: `event ${event} was deleted before it was sealed` }
  const message = `event ${event} is in no block: it was inserted by hand, or its block was removed`
  return { kind: 'stray_event', event, message }
}
