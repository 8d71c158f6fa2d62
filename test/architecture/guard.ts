import { isProduction } from './areas.ts'
import type { SourceFile, Tree } from './tree.ts'

/** A rule on the source tree. `fixture` names the file under fixtures/ that breaks it. */
export interface Guard {
  readonly fixture: string
  readonly rule: string
  readonly look: (tree: Tree) => Finding
}

/** The result of a guard: how many things the rule applied to, and its violations. */
export interface Finding {
  readonly subjects: number
  readonly offences: readonly Offence[]
}

export interface Offence {
  readonly path: string
  readonly why: string
}

/** A guard that checks one file at a time: `why` returns the violations in the file. */
export function eachFile(
  applies: (file: SourceFile) => boolean,
  why: (file: SourceFile, tree: Tree) => readonly string[],
): Guard['look'] {
  return (tree) => {
    const subjects = tree.filter(applies)
    const offences = subjects.flatMap((file) => why(file, tree).map((reason) => ({ path: file.path, why: reason })))
    return { subjects: subjects.length, offences }
  }
}

/** A guard that checks each production source file under `folder`. */
export function eachSource(folder: string, why: (file: SourceFile, tree: Tree) => readonly string[]): Guard['look'] {
  return eachFile((file) => file.path.startsWith(folder) && isProduction(file), why)
}
