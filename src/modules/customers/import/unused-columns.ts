import { isNear } from '#kernel/near-name'

/** A column of a file that no load reads, with the name that its author may have meant. */
export interface UnusedColumn {
  readonly column: string
  readonly meant?: string
}

/** The columns of a header that are not read. `readable` are the names that the loads could have read. */
export function unusedColumns(
  columns: readonly string[],
  read: ReadonlySet<string>,
  readable: readonly string[],
): UnusedColumn[] {
  return columns
    .filter((column) => column !== '' && !read.has(column))
    .map((column) => {
      const meant = meantName(column, readable)
      return meant === undefined ? { column } : { column, meant }
    })
}

/** The known name that a name was probably meant to be: alike but for case and punctuation, or one or two letters. */
export function meantName(name: string, known: readonly string[]): string | undefined {
  const given = bare(name)
  return (
    known.find((each) => bare(each) === given) ??
    known.find((each) => Math.min(bare(each).length, given.length) >= 4 && isNear(bare(each), given, lettersMax(given)))
  )
}

const lettersMax = (name: string) => (name.length < 8 ? 1 : 2)

/** A name without case, spaces and punctuation. */
export const bare = (name: string) => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '')
