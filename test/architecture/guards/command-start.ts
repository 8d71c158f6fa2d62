import type { Guard } from '../guard.ts'
import { importsOf } from '../tree.ts'

const BEGIN = 'src/cli/command-line.ts'
const LIGHT = /^(node:|commander$|zod$|ulid$|ipaddr\.js$)/

export const commandStart: Guard = {
  fixture: 'command-start',
  rule: 'the command line statically imports only small libraries: each command imports what it needs when it runs',
  look: (tree) => {
    const sources = new Map(tree.map((file) => [file.path, file]))
    const reached = tree.flatMap(({ path }) => (path === BEGIN ? [path] : []))
    for (const path of reached) {
      for (const { target } of atOnce(path)) {
        if (sources.has(target) && !reached.includes(target)) reached.push(target)
      }
    }
    const offences = reached.flatMap((path) =>
      atOnce(path)
        .filter(({ target }) => !sources.has(target) && !LIGHT.test(target))
        .map(({ target }) => ({ path, why: `imports ${target}` })),
    )
    return { subjects: reached.length, offences }

    function atOnce(path: string) {
      const file = sources.get(path)
      return file === undefined ? [] : importsOf(file).filter(({ isType, isLazy }) => !isType && !isLazy)
    }
  },
}
