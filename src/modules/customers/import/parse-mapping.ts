import { parse as parseYaml } from 'yaml'
import { argumentProblems } from '#kernel/calls/argument-problems'
import { Failure } from '#kernel/failure'
import { mappingProblems } from './check-mapping.ts'
import { MappingSchema } from './mapping.ts'
import type { Mapping } from './mapping.ts'

/** Parses a mapping file. Throws `Failure('invalid')` whose problems name the path inside the file. */
export function parseMapping(text: string, file: string): Mapping {
  let raw: unknown
  try {
    // A document whose aliases expand to more than a hundred nodes each is refused, however few bytes it has.
    raw = parseYaml(text, { logLevel: 'error', maxAliasCount: 100 })
  } catch (error) {
    // safe because: what the parser throws, whatever its class, comes from the text.
    const why = error instanceof Error ? error.message : String(error)
    throw new Failure('invalid', `${file} is not valid YAML: ${why}`, { cause: error })
  }
  const parsed = MappingSchema.safeParse(raw)
  const problems = parsed.success ? mappingProblems(parsed.data) : argumentProblems(MappingSchema, parsed.error)
  if (parsed.success && problems.length === 0) return parsed.data
  throw new Failure('invalid', `${file} is not a mapping.`, { problems })
}
