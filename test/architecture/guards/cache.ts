import { type Node, Visitor } from 'oxc-parser'
import { isProduction, moduleOf } from '../areas.ts'
import type { Guard, Offence } from '../guard.ts'
import { parsed, type SourceFile } from '../tree.ts'

export const tagsInUse: Guard = {
  fixture: 'cache-tags',
  rule: 'each cache tag labels a cached value and is invalidated somewhere; a module declares its own',
  look: (tree) => {
    const files = tree.filter(isProduction)
    const declared = files.flatMap(tagsDeclared)
    const uses = files.flatMap(placesOfTags)
    const offences = declared.flatMap(({ path, module, tags, names }): Offence[] => {
      const isUsed = (use: TagUse['use'], name: string) =>
        uses.some((place) => place.use === use && new RegExp(`\\b${tags}\\.${name}\\b`).test(place.text))
      const strange = moduleOf(path) === module ? [] : [{ path, why: `declares the tags of ${module}` }]
      const unused = names.flatMap((name) => [
        ...(isUsed('cached', name) ? [] : [{ path, why: `${tags}.${name} labels no cached value` }]),
        ...(isUsed('invalidated', name) ? [] : [{ path, why: `${tags}.${name} is never invalidated` }]),
      ])
      return [...strange, ...unused]
    })
    return { subjects: declared.flatMap(({ names }) => names).length, offences }
  },
}

interface DeclaredTags {
  readonly path: string
  readonly module: string
  /** The name of the constant. */
  readonly tags: string
  readonly names: readonly string[]
}

/** All declarations of cache tags: `const customerTags = cacheTags('customers', { client: 'each' })`. */
function tagsDeclared(file: SourceFile): DeclaredTags[] {
  const found: DeclaredTags[] = []
  new Visitor({
    VariableDeclarator({ id, init }) {
      if (id.type !== 'Identifier' || init?.type !== 'CallExpression') return
      if (init.callee.type !== 'Identifier' || init.callee.name !== 'cacheTags') return
      const [module, kinds] = init.arguments
      if (module?.type !== 'Literal' || kinds?.type !== 'ObjectExpression') return
      const names = kinds.properties.flatMap((property) =>
        property.type === 'Property' && property.key.type === 'Identifier' ? [property.key.name] : [],
      )
      found.push({ path: file.path, module: String(module.value), tags: id.name, names })
    },
  }).visit(parsed(file).program)
  return found
}

interface TagUse {
  readonly use: 'cached' | 'invalidated'
  readonly text: string
}

const USES: Readonly<Record<string, TagUse['use']>> = {
  tags: 'cached',
  invalidates: 'invalidated',
  cacheTags: 'invalidated',
}

/** The tags used after `tags:`, `invalidates:` and `cacheTags:`, and in calls of `invalidate`. */
function placesOfTags(file: SourceFile): TagUse[] {
  const found: TagUse[] = []
  const keep = (use: TagUse['use'] | undefined, node: Node) => {
    if (use !== undefined) found.push({ use, text: file.text.slice(node.start, node.end) })
  }
  new Visitor({
    Property({ key, value }) {
      if (key.type === 'Identifier') keep(USES[key.name], value)
    },
    CallExpression(node) {
      if (node.callee.type !== 'MemberExpression' || node.callee.property.type !== 'Identifier') return
      if (node.callee.property.name === 'invalidate') keep('invalidated', node)
    },
  }).visit(parsed(file).program)
  return found
}
