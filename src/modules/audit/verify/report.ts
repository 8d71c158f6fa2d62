/** The kinds of problem that verification reports. */
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
  /** The line of the file, from 1; absent for an event outside the chain. */
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
  /** The number of blocks whose events retention deleted; their headers are there. */
  readonly removedBlocks: number
  readonly firstBlock: number | undefined
  readonly head: { readonly number: number; readonly hash: string } | undefined
  /** The fingerprint of each key that signed, and the first block it signed. */
  readonly signers: readonly { readonly fingerprint: string; readonly fromBlock: number }[]
  /** What a partial export does not prove. */
  readonly notes: readonly string[]
  /** The first hundred problems in file order, then the first hundred events outside the chain. */
  readonly problems: readonly Problem[]
  readonly problemCount: number
}

const PROBLEMS_MAX = 100

/** Counts all problems and keeps the first hundred. */
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

/** Problems by line. `not_canonical` is left out for a line that has another problem. */
export function inFileOrder(problems: readonly Problem[]): readonly Problem[] {
  const named = new Set(problems.filter(({ kind }) => kind !== 'not_canonical').map(({ line }) => line))
  return problems
    .filter(({ kind, line }) => kind !== 'not_canonical' || !named.has(line))
    .toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0))
}
