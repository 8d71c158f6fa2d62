/** Why a row was rejected: the column (or field) and what was expected. */
export interface RowProblem {
  readonly reason: string
  readonly column: string
  readonly value: string
  readonly expected: string
  /** True if the row has no fault of its own, but belongs to a row that was rejected. */
  readonly isInherited?: true
}
