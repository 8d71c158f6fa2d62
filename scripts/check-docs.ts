// Checks that links, paths, commands and settings in the documents exist, and that generated documents are current.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { commandNames } from '#kernel/startup/require-declarations'
import { dirname, join, relative } from 'node:path'
import { declarations } from '../src/declarations.ts'
import { configuration } from '../src/settings.ts'
import { generatedDocuments } from './generated-documents.ts'

const root = dirname(import.meta.dirname)
const scripts = npmScripts()
const NPM_BUILTIN = new Set(['ci', 'install', 'config', 'ping', 'exec'])
const REPOSITORY_PATH = /^(src|test|bench|scripts|docs|migrations|bin|ops|\.ci)\/[\w./-]*$/
/** Set by npm, vitest or the operating system, or read by tests alone. */
const FOREIGN_SETTING = new Set(['NODE_ENV', 'W3C', 'TEST_LOG_LEVEL'])

const documents = findDocuments()
const commands = sourcesUnder('src/cli').join('\n')
const moduleCommands = new Set(commandNames(declarations).map(({ name }) => name))
const knownSettings = new Set(configuration.settings.flatMap(({ env, aliases }) => [env, ...(aliases ?? [])]))
const problems = [...documents.flatMap(checkDocument), ...staleDocuments(), ...wrongCounts()]
if (documents.length === 0) problems.push('there is no document to check')
for (const problem of problems) console.error(problem)
console.log(`${documents.length} documents checked, ${problems.length} problems`)
process.exitCode = problems.length === 0 ? 0 : 1

function checkDocument(path: string): string[] {
  const text = readFileSync(join(root, path), 'utf8')
  const prose = text.replace(/^ *```[^]*?^ *```/gm, '')
  return [
    ...brokenLinks(path, prose),
    ...[...prose.matchAll(/`([^`\n]+)`/g)].flatMap(([, code = '']) => missing(code)),
    ...unknownCommands(text),
  ].map((problem) => `${path}: ${problem}`)
}

function brokenLinks(path: string, prose: string): string[] {
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) => {
    if (/^(https?|mailto):/.test(link)) return []
    const [file = '', anchor] = link.split('#')
    const target = file === '' ? path : relative(root, join(root, dirname(path), file))
    if (!existsSync(join(root, target))) return [`the link to ${link} leads nowhere`]
    if (anchor === undefined || !target.endsWith('.md')) return []
    return anchorsOf(target).has(anchor) ? [] : [`${target} has no heading #${anchor}`]
  })
}

/** The anchors of headings, as code hosts generate them. */
function anchorsOf(path: string): Set<string> {
  const headings = readFileSync(join(root, path), 'utf8').matchAll(/^#+ (.+)$/gm)
  const anchors = [...headings].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
  return new Set(anchors)
}

/** A path or a setting between backticks. */
function missing(code: string): string[] {
  if (REPOSITORY_PATH.test(code) && !existsSync(join(root, code))) return [`\`${code}\` does not exist`]
  const [name = ''] = code.split('=')
  const isSetting = /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/.test(name) && !FOREIGN_SETTING.has(name)
  return isSetting && !knownSettings.has(name) ? [`there is no setting ${name}`] : []
}

/** `npm run x`, `npm test` and `plimsoll x` anywhere, code blocks included. */
function unknownCommands(text: string): string[] {
  const npm = [...text.matchAll(/(?:[`] ?|^ *)npm (?:run )?(?:-s )?([a-z][a-z:-]*)/gm)].flatMap(([cited, name = '']) =>
    name in scripts || NPM_BUILTIN.has(name) ? [] : [`there is no \`${cited.replaceAll('`', '').trim()}\``],
  )
  const own = [...text.matchAll(/(?:^ *|[`] ?|-- |\$ |npx )plimsoll ([a-z]+)/gm)].flatMap(([, name = '']) =>
    moduleCommands.has(name) || new RegExp(`command\\(\\s*'${name}[ ']`).test(commands)
      ? []
      : [`there is no \`plimsoll ${name}\``],
  )
  return [...npm, ...own]
}

function staleDocuments(): string[] {
  const generated = generatedDocuments()
  return [...generated].flatMap(([path, text]) => {
    const current = existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined
    return current === text ? [] : [`${path} is out of date: npm run docs`]
  })
}

/** How many tools of customers README says that there are, and how many are to come. */
function wrongCounts(): string[] {
  const reference = generatedDocuments().get('docs/tool-reference.md') ?? ''
  const [, section = ''] = reference.split('\n## Customer success')
  const tools = [...(section.split('\n## ')[0] ?? '').matchAll(/^#### /gm)].length
  const [, there, planned] = /\((\d+) of a planned (\d+)\)/.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? []
  const [, toCome] = /the other (\d+) customer tools/.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? []
  if (Number(there) === tools && Number(toCome) === Number(planned) - tools) return []
  return [`README.md: there are ${tools} customer tools, not ${there} of ${planned} with ${toCome} to come`]
}

function findDocuments(): string[] {
  const top = readdirSync(root).filter((name) => name.endsWith('.md'))
  return [
    ...top,
    ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).map((name) => `docs/${name}`),
  ]
    .filter((path) => path.endsWith('.md'))
    .toSorted()
}

function sourcesUnder(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => readFileSync(join(root, folder, name), 'utf8'))
}

function npmScripts(): Record<string, string> {
  // safe because: the file is this package's own manifest.
  return (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }).scripts
}
