import { parseSync } from 'oxc-parser'

/** One small fault: the text from `start` to `end` of a file is replaced. */
export interface Mutant {
  readonly path: string
  readonly line: number
  readonly start: number
  readonly end: number
  readonly replacement: string
}

/** Every fault that can be put into a file, in the order of its text. */
export function mutantsOf(path: string, text: string): Mutant[] {
  const found: Mutant[] = []
  const add: Add = (start, end, replacement) => {
    found.push({ path, line: text.slice(0, start).split('\n').length, start, end, replacement })
  }
  const program: unknown = parseSync(path, text).program
  if (isNode(program)) walk(program, (node) => mutate(node, text, add))
  return found.toSorted((a, b) => a.start - b.start)
}

export function applied(text: string, { start, end, replacement }: Mutant): string {
  return text.slice(0, start) + replacement + text.slice(end)
}

type Add = (start: number, end: number, replacement: string) => void

interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [key: string]: unknown
}

const OPERATORS: Readonly<Record<string, string>> = {
  ...{ '<': '<=', '<=': '<', '>': '>=', '>=': '>', '===': '!==', '!==': '===' },
  ...{ '-': '+', '*': '/', '/': '*', '%': '*', '&&': '||', '||': '&&' },
}

const METHODS: Readonly<Record<string, string>> = {
  ...{ every: 'some', some: 'every', min: 'max', max: 'min', floor: 'ceil', ceil: 'floor', round: 'floor' },
  ...{ padEnd: 'padStart', padStart: 'padEnd', startsWith: 'endsWith', endsWith: 'startsWith' },
}

/** Faults of SQL, as a pattern and what its first group becomes. */
const SQL_FAULTS: readonly (readonly [RegExp, string])[] = [
  [/(\bfor (?:no key update|update|key share|share)(?: of [\w, ]+?)?(?: skip locked)?)(?=\s|$|\))/g, ''],
  [/\bfor \w[\w ]*?( skip locked)/g, ''],
  [/(?<!between [\w:.$ -]{1,30}) (and) /g, 'or'],
  [/ (<=) /g, '<'],
  [/ (<) /g, '<='],
  [/ (>=) /g, '>'],
  [/ (>) /g, '>='],
  [/\b(is not null)\b/g, 'is null'],
  [/\b(is null)\b/g, 'is not null'],
  [/\b(not exists)\b/g, 'exists'],
  [/\b(least)\(/g, 'greatest'],
  [/\b(greatest)\(/g, 'least'],
  [/\b(min)\(/g, 'max'],
  [/\b(max)\(/g, 'min'],
  [/ (desc)\b/g, 'asc'],
  [/ (\+) /g, '-'],
  [/ (-) /g, '+'],
]

function mutate(node: Node, text: string, add: Add): void {
  const { start, end, type } = node
  const of = (key: string) => child(node, key)
  if (type === 'BinaryExpression' || type === 'LogicalExpression') {
    const [left, right] = [of('left'), of('right')]
    const replacement = OPERATORS[String(node['operator'])]
    const at = left && right ? text.indexOf(String(node['operator']), left.end) : -1
    if (replacement !== undefined && at >= 0) add(at, at + String(node['operator']).length, replacement)
    if (node['operator'] === '??' && left) add(start, end, `(${text.slice(left.start, left.end)})`)
  }
  if (type === 'UnaryExpression' && node['operator'] === '!') add(start, start + 1, '')
  const test = type === 'IfStatement' || type === 'ConditionalExpression' ? of('test') : undefined
  if (test) {
    add(test.start, test.end, 'false')
    if (type === 'ConditionalExpression') add(test.start, test.end, 'true')
  }
  if (type === 'Literal' && typeof node['value'] === 'boolean') add(start, end, String(!node['value']))
  if (type === 'Literal' && typeof node['value'] === 'number') add(start, end, `(${text.slice(start, end)} + 1)`)
  const property = type === 'MemberExpression' && node['computed'] !== true ? of('property') : undefined
  const other = property && METHODS[text.slice(property.start, property.end)]
  if (property && other !== undefined) add(property.start, property.end, other)
  const call = type === 'ExpressionStatement' ? of('expression') : undefined
  if (call && (call.type === 'CallExpression' || call.type === 'AwaitExpression')) add(start, end, ';')
  const value = type === 'Property' ? of('value') : undefined
  if (value?.type === 'ArrayExpression' && text.slice(value.start, value.end) !== '[]') {
    add(value.start, value.end, '[]')
  }
  if (type === 'TaggedTemplateExpression' && /^sql\b/.test(text.slice(start, end))) mutateSql(node, text, add)
}

function mutateSql(node: Node, text: string, add: Add): void {
  const quasis = child(node, 'quasi')?.['quasis']
  for (const quasi of Array.isArray(quasis) ? quasis.filter(isNode) : []) {
    const body = text.slice(quasi.start, quasi.end)
    for (const [pattern, replacement] of SQL_FAULTS) {
      for (const match of body.matchAll(pattern)) {
        const [whole, group = ''] = match
        const at = quasi.start + match.index + whole.lastIndexOf(group)
        add(at, at + group.length, replacement)
      }
    }
  }
}

/** Visits what runs: no types, no imports. */
function walk(node: Node, visit: (node: Node) => void): void {
  const isType = node.type.startsWith('TS') && !/^TS(As|Satisfies|NonNull)Expression$/.test(node.type)
  if (isType || node.type === 'ImportDeclaration') return
  visit(node)
  for (const value of Object.values(node)) {
    for (const one of Array.isArray(value) ? value : [value]) if (isNode(one)) walk(one, visit)
  }
}

function child(node: Node, key: string): Node | undefined {
  const value = node[key]
  return isNode(value) ? value : undefined
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value && 'end' in value
}
