import { type Expression, type Program, Visitor } from 'oxc-parser'
import { eachSource, type Guard } from '../guard.ts'
import { parsed, type SourceFile } from '../tree.ts'

export const environment: Guard = {
  fixture: 'environment',
  rule: 'only kernel/config and the entry files that pass it on (main.ts) read the environment',
  look: eachSource('src/', (file) =>
    file.path.startsWith('src/kernel/config/') || file.path.endsWith('/main.ts')
      ? []
      : placesOf(file, { member: ['process', 'env'] }),
  ),
}

export const clock: Guard = {
  fixture: 'clock',
  rule: 'only kernel/clock.ts reads the system clock',
  look: eachSource('src/', (file) =>
    file.path === 'src/kernel/clock.ts'
      ? []
      : [...placesOf(file, { member: ['Date', 'now'] }), ...placesOf(file, { newWithoutArguments: 'Date' })],
  ),
}

export const systemClock: Guard = {
  fixture: 'system-clock',
  rule: 'only the entry files of programs name the system clock',
  look: eachSource('src/', (file) =>
    /^src\/(kernel\/clock|app|main|cli\/start)\.ts$/.test(file.path) || !/\bsystemClock\b/.test(file.text)
      ? []
      : ['names systemClock'],
  ),
}

export const terminal: Guard = {
  fixture: 'terminal',
  rule: 'no console: lines are logged by ctx.log, or written by the surface that owns the stream',
  look: eachSource('src/', (file) => placesOf(file, { member: ['console', undefined] })),
}

export const assertions: Guard = {
  fixture: 'assertions',
  rule: 'a type assertion has a comment that says why it is safe',
  look: eachSource('src/', (file) => {
    const lines = file.text.split('\n')
    return assertionsIn(file)
      .filter(
        ({ from, to }) => !lines.slice(Math.max(0, from - 3), to + 1).some((text) => text.includes('safe because')),
      )
      .map(({ to }) => `line ${to + 1}: ${lines[to]?.trim()}`)
  }),
}

export const exports: Guard = {
  fixture: 'exports',
  rule: 'named exports only, and each by name',
  look: eachSource('src/', (file) =>
    parsed(file)
      .module.staticExports.flatMap(({ entries }) => entries)
      .flatMap(({ exportName, importName }) => {
        const exported: string = exportName.kind
        const imported: string = importName.kind
        if (exported === 'Default' || exportName.name === 'default') return ['exports a default']
        return imported === 'AllButDefault' || imported === 'All' ? ['exports *'] : []
      }),
  ),
}

interface Wanted {
  readonly member?: readonly [object: string, property: string | undefined]
  readonly newWithoutArguments?: string
}

/** The lines on which `object.property` is read, or `new Name()` is called. */
function placesOf(file: SourceFile, { member, newWithoutArguments }: Wanted): string[] {
  const found: number[] = []
  visit(parsed(file).program, {
    MemberExpression(node) {
      if (member === undefined || !isNamed(node.object, member[0])) return
      const property =
        node.property.type === 'Literal' ? node.property.value : 'name' in node.property && node.property.name
      if (member[1] === undefined || property === member[1]) found.push(node.start)
    },
    NewExpression(node) {
      const called = newWithoutArguments !== undefined && isNamed(node.callee, newWithoutArguments)
      if (called && node.arguments.length === 0) found.push(node.start)
    },
  })
  return found.map((start) => `line ${lineOf(file, start) + 1}`)
}

/** The lines of each `… as Type`. */
function assertionsIn(file: SourceFile): { from: number; to: number }[] {
  const found: { from: number; to: number }[] = []
  visit(parsed(file).program, {
    TSAsExpression(node) {
      const { start, end } = node.typeAnnotation
      const isConst = file.text.slice(start, end) === 'const'
      if (!isConst) found.push({ from: lineOf(file, node.start), to: lineOf(file, start) })
    },
  })
  return found
}

function visit(program: Program, visitor: ConstructorParameters<typeof Visitor>[0]): void {
  new Visitor(visitor).visit(program)
}

function isNamed(node: Expression, name: string): boolean {
  return node.type === 'Identifier' && node.name === name
}

function lineOf(file: SourceFile, offset: number): number {
  return file.text.slice(0, offset).split('\n').length - 1
}
