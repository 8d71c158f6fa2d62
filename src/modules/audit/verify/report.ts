/** Every way in which a chain can fail to hold. */
export type ProblemKind =
  | 'broken_line'
  | 'unknown_line'
  | 'not_canonical'
  | 'wrong_tenant'
  | 'altered_event'
  | 'missing_event'
  | 'inserted_event'
  | 'stray_event'
  | 'reordered_events'
  | 'altered_block'
  | 'wrong_signature'
  | 'unknown_signer'
  | 'missing_block'
  | 'reordered_blocks'
  | 'forked'
  | 'unexplained_removal'
  | 'truncated'
  | 'altered_file'

export interface Problem {
  kind: ProblemKind
  /** Of the file, from 1; absent for what stands in the database beside the chain. */
  readonly line?: number
  readonly block?: number
  readonly event?: string
  message: string
}

export interface VerifyReport {
  readonly ok: boolean
  readonly tenantId: string | undefined
  readonly blocks: number
  readonly events: number
  /** Blocks whose events retention removed; their headers are there. */
  readonly removedBlocks: number
  readonly firstBlock: number | undefined
  readonly head: { readonly number: number; readonly hash: string } | undefined
  /** Fingerprints of the keys that signed, and the first block each signed. */
  readonly signers: readonly { readonly fingerprint: string; readonly fromBlock: number }[]
  /** What an export of a part cannot tell. */
  readonly notes: readonly string[]
  /** As they stand in the file, then what is beside it; of each the first hundred. */
  readonly problems: readonly Problem[]
  readonly problemCount: number
}

const PROBLEMS_MAX = 100

/** Collects problems; of a file that is wrong from end to end, the first hundred. */
export function problemList() {
  const problems: Problem[] = []
  let count = 0
  return {
    problems,
    get count() {
      return count
    },
    add(problem: Problem): Problem {
      count += 1
      if (problems.length < PROBLEMS_MAX) problems.push(problem)
      return problem
    },
  }
}

export type ProblemList = ReturnType<typeof problemList>

/** The first broken place first. That a line is written otherwise is told only where nothing else is wrong with it. */
export function inFileOrder(problems: readonly Problem[]): readonly Problem[] {
  const named = new Set(problems.filter(({ kind }) => kind !== 'not_canonical').map(({ line }) => line))
  return problems
    .filter(({ kind, line }) => kind !== 'not_canonical' || !named.has(line))
    .toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0))
}
