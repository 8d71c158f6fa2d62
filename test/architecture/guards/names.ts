import { basename } from 'node:path'
import { moduleOf } from '../areas.ts'
import { eachFile, eachSource, type Guard } from '../guard.ts'
import type { SourceFile } from '../tree.ts'

const TOO_GENERAL = /^(utils?|commons?|helpers?|shared|types?|services?|libs?|misc|managers?|constants)$/
const REPORT = /(^|[-_ ])(plan|report|summary|status|progress|notes?|todo|roadmap)([-_ ]|$)/i

export const names: Guard = {
  fixture: 'names',
  rule: 'a folder or file is named after its contents',
  look: eachFile(isSource, (file) =>
    file.path
      .split('/')
      .map((part) => part.replace(/(\.test|\.d)?\.[a-z]+$/, ''))
      .filter((part) => TOO_GENERAL.test(part))
      .map((part) => `"${part}" is too general`),
  ),
}

export const kebabCase: Guard = {
  fixture: 'kebab-case',
  rule: 'names of source files and folders are in kebab case',
  look: eachFile(isSource, (file) =>
    file.path
      .split('/')
      .filter((part) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)*$/.test(part))
      .map((part) => `"${part}" is not kebab-case`),
  ),
}

export const indexFiles: Guard = {
  fixture: 'index-files',
  rule: "index.ts is a module's public interface and exists nowhere else",
  look: eachSource('src/', (file) =>
    basename(file.path) !== 'index.ts' || file.path === `src/modules/${moduleOf(file.path)}/index.ts`
      ? []
      : ['is an index.ts inside a module or outside the modules'],
  ),
}

export const moduleIndexes: Guard = {
  fixture: 'module-indexes',
  rule: 'every module has an index.ts',
  look: (tree) => {
    const modules = [...new Set(tree.map((file) => moduleOf(file.path)).filter((name) => name !== undefined))]
    const paths = new Set(tree.map((file) => file.path))
    const offences = modules
      .filter((name) => !paths.has(`src/modules/${name}/index.ts`))
      .map((name) => ({ path: `src/modules/${name}`, why: 'has no index.ts' }))
    return { subjects: modules.length, offences }
  },
}

export const toolTests: Guard = {
  fixture: 'tool-tests',
  rule: 'every tool has a test file next to it',
  look: eachFile(
    (file) => /^src\/modules\/.*\/tools\/[^/]+\.ts$/.test(file.path) && !file.path.endsWith('.test.ts'),
    (file, tree) => {
      const test = file.path.replace(/\.ts$/, '.test.ts')
      return tree.some(({ path }) => path === test) ? [] : [`${test} is missing`]
    },
  ),
}

export const documents: Guard = {
  fixture: 'documents',
  rule: 'there is no plan, report, summary, status or notes file',
  look: eachFile(
    (file) => file.path.endsWith('.md') || file.path.endsWith('.txt'),
    (file) => (REPORT.test(basename(file.path).replace(/\.[a-z]+$/, '')) ? ['is one'] : []),
  ),
}

function isSource(file: SourceFile): boolean {
  return /^(src|test|bench|scripts|console)\//.test(file.path) && /\.(ts|tsx|mjs|js)$/.test(file.path)
}

export const declared: Guard = {
  fixture: 'declarations',
  rule: 'the declarations of every module are listed in src/declarations.ts, which registers its settings and commands',
  look: (tree) => {
    const listed = tree.find(({ path }) => path === 'src/declarations.ts')?.text ?? ''
    const declarations = tree.flatMap(({ path, text }) => {
      const name =
        /^src\/modules\/[\w-]+\/(index|declarations)\.ts$/.test(path) &&
        /export const (\w+Declarations)\b/.exec(text)?.[1]
      return name === false || name === undefined ? [] : [{ path, name }]
    })
    const offences = declarations
      .filter(({ name }) => !new RegExp(`^  ${name},$`, 'm').test(listed))
      .map(({ path, name }) => ({ path, why: `add ${name} to the list in src/declarations.ts` }))
    return { subjects: declarations.length, offences }
  },
}
