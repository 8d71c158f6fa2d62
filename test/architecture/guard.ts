import { isProduction } from './areas.ts'
import type { SourceFile, Tree } from './tree.ts'

/** A rule of the tree. `fixture` names the file under fixtures/ that breaks it. */
export interface Guard {
  readonly fixture: string
  readonly rule: string
  readonly look: (tree: Tree) => Finding
}

/** How many things the rule applies to, and where it is broken. */
export interface Finding {
  readonly subjects: number
  readonly offences: readonly Offence[]
}

export interface Offence {
  readonly path: string
  readonly why: string
}

/** A rule that looks at one file at a time: `why` lists what is wrong with it. */
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

/** The same for the production sources under `folder`. */
export function eachSource(folder: string, why: (file: SourceFile, tree: Tree) => readonly string[]): Guard['look'] {
  return eachFile((file) => file.path.startsWith(folder) && isProduction(file), why)
}
