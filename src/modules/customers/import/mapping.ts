import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import { argumentProblems } from '#kernel/calls/argument-problems'
import { Failure } from '#kernel/failure'
import type { FieldProblem } from '#kernel/failure'
import { ENTITY_NAMES, entities } from './entities.ts'

/** A mapping file: which CSV file becomes which entity, and how its columns become fields. */
export type Mapping = z.output<typeof MappingSchema>
export type Load = Mapping['loads'][number]
export type FieldSource = z.output<typeof FieldSource>
export type Flag = z.output<typeof Flag>

const Name = z.string().regex(/^[a-z][a-z0-9_]*$/, 'a name of lower-case letters, digits and _')
const Column = z.string().min(1)
/** A constant, converted to the text of a cell. */
const Constant = z.union([z.string(), z.number(), z.boolean()]).transform(String)

/** The source of a field's value, which is parsed as the field's kind. A bare string names a column. */
const FieldSource = z.union(
  [
    Column.transform((column) => ({ column })),
    z.strictObject({
      column: Column,
      /** Maps source values to stored values; an unlisted value is rejected. */
      map: z.record(z.string(), Constant).optional(),
      /** The value for an empty cell. */
      default: Constant.optional(),
      /** The column to read if this one is empty or not in the file. */
      or: Column.optional(),
      /** Another column with minutes to add to this time. */
      plus_minutes: Column.optional(),
      /** True for numbers above this one. */
      above: z.number().optional(),
    }),
    z.strictObject({ constant: Constant }),
    /** Text with columns in braces: `{usage_id}/{usage_date}`. */
    z.strictObject({ template: z.string().min(1) }),
    z.strictObject({ from: Name, field: Name }),
    /** A JSON object: its names, and the column of each. */
    z.strictObject({ object: z.record(z.string(), Column) }),
  ],
  'a column name, or one of { column }, { constant }, { template }, { from, field } and { object }',
)

const Compared = z.union(
  [
    z.strictObject({ column: Column }),
    z.strictObject({ field: Name }),
    z.strictObject({ from: Name, field: Name }),
    z.strictObject({ constant: z.string() }),
  ],
  'one of { column }, { field }, { from, field } and { constant }',
)

/** A condition that is reported for rows that are accepted anyway. */
const Flag = z
  .strictObject({
    name: Name,
    describe: z.string().min(1),
    /** Counts rows where the column is empty. */
    missing: Column.optional(),
    /** Counts rows whose value in this column occurred earlier in the file. */
    repeated: Column.optional(),
    /** Counts rows where the first value is less (earlier) than the second; an absent value never counts. */
    less: z.tuple([Compared, Compared]).optional(),
    /** Counts rows where the two differ; an absent value never counts. */
    differ: z.tuple([Compared, Compared]).optional(),
  })
  .refine(
    ({ missing, repeated, less, differ }) =>
      [missing, repeated, less, differ].filter((rule) => rule !== undefined).length === 1,
    'exactly one of `missing`, `repeated`, `less` and `differ`',
  )

const LoadSchema = z.strictObject({
  file: z.string().min(1),
  entity: z.enum(ENTITY_NAMES),
  /**
   * References to rows of other entities, found by key in the database: loaded earlier in this import or stored before.
   */
  lookups: z.record(Name, z.strictObject({ entity: z.enum(ENTITY_NAMES), key: FieldSource })).default({}),
  fields: z.record(Name, FieldSource),
  /** With `given`, the file may lack the columns of optional fields. */
  columns: z.enum(['all', 'given']).default('all'),
  flags: z.array(Flag).default([]),
  /** A filter; other rows are not for this entity and are counted as filtered out. */
  where: z
    .union(
      [z.strictObject({ column: Column, is: Constant }), z.strictObject({ column: Column, is_not: Constant })],
      '{ column, is } or { column, is_not }',
    )
    .optional(),
  /** Updates the contract value and dates of the affected customers from their running contracts. */
  derive_contract_value: z.boolean().default(false),
  /** What to do with a row whose natural key is stored already. */
  stored: z.enum(['skip', 'update']).default('skip'),
})

export const MappingSchema = z.strictObject({
  name: Name,
  describe: z.string().min(1),
  /** Loads in execution order: referenced entities come first. */
  loads: z.array(LoadSchema).min(1),
})

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
  const problems = parsed.success ? fieldProblems(parsed.data) : argumentProblems(MappingSchema, parsed.error)
  if (parsed.success && problems.length === 0) return parsed.data
  throw new Failure('invalid', `${file} is not a mapping.`, { problems })
}

/** Checks what the schema cannot: known and required fields of each entity, and declared lookups. */
function fieldProblems(mapping: Mapping): FieldProblem[] {
  const problems: FieldProblem[] = []
  mapping.loads.forEach((load, index) => {
    const at = `loads.${index}`
    const entity = entities[load.entity]
    for (const [name, source] of Object.entries(load.fields)) {
      if (!Object.hasOwn(entity.fields, name)) {
        problems.push({
          path: `${at}.fields.${name}`,
          expected: `a field of ${load.entity}: ${Object.keys(entity.fields).join(', ')}`,
        })
      }
      if ('from' in source && !Object.hasOwn(load.lookups, source.from)) {
        problems.push({
          path: `${at}.fields.${name}.from`,
          expected: `a lookup of this load: ${Object.keys(load.lookups).join(', ') || 'none is declared'}`,
        })
      }
    }
    if (load.stored === 'update' && !entity.isUpdatable) {
      problems.push({ path: `${at}.stored`, expected: `skip, because a stored ${load.entity} never changes` })
    }
    for (const [name, field] of Object.entries(entity.fields)) {
      if (field.required && !Object.hasOwn(load.fields, name)) {
        problems.push({ path: `${at}.fields.${name}`, expected: `a source, because every ${load.entity} needs it` })
      }
    }
  })
  return problems
}
