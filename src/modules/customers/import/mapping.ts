import { z } from 'zod'
import { ENTITY_NAMES } from './entities.ts'
import { UNITS } from './shift-time.ts'

/** A mapping file: which CSV file becomes which entity, and how its columns become fields. */
export type Mapping = z.output<typeof MappingSchema>
export type Load = Mapping['loads'][number]
export type FieldSource = z.output<typeof FieldSource>
export type Flag = z.output<typeof Flag>

const Name = z.string().regex(/^[a-z][a-z0-9_]*$/, 'a name of lower-case letters, digits and _')
const Column = z.string().min(1)
/** A constant, converted to the text of a cell. */
const Constant = z.union([z.string(), z.number(), z.boolean()]).transform(String)

/** One value or several. */
const Constants = z.union([Constant.transform((value) => [value]), z.array(Constant).min(1)])

/** An amount in another column, to add or subtract: `{ column: tenure, unit: months }`. */
const Shift = z.strictObject({ column: Column, unit: z.enum(UNITS) })
export type Shift = z.output<typeof Shift>

/** How a filled cell is read. */
const reading = {
  /** The column to read if this one is empty or not in the file. */
  or: Column.optional(),
  /** Maps source values to stored values, whatever their case; an unlisted value is rejected. */
  map: z.record(z.string(), Constant).optional(),
  /** What is stored for an empty cell. */
  default: Constant.optional(),
  /** How the file writes a date (`MM/DD/YYYY`) or a number (`$1,234.56`). */
  format: z.string().min(1).optional(),
}

const ColumnSource = z.strictObject({
  column: Column,
  ...reading,
  /** The unit of a duration, if it is not seconds. */
  unit: z.enum(UNITS).optional(),
  plus: Shift.optional(),
  minus: Shift.optional(),
  /** True for numbers above this one. */
  above: z.number().optional(),
})
export type ColumnSource = z.output<typeof ColumnSource>

const asColumn = Column.transform((column): ColumnSource => ({ column }))

const FoundSource = z.strictObject({ from: Name, field: Name })
export type FoundSource = z.output<typeof FoundSource>

const Entry = z.strictObject({ column: Column, ...reading })
const ObjectSource = z.record(
  z.string(),
  z.union([Column.transform((column): z.output<typeof Entry> => ({ column })), Entry]),
)
export type ObjectSource = z.output<typeof ObjectSource>

/** The source of a field's value, which is parsed as the field's kind. A bare string names a column. */
const FieldSource = z.union(
  [
    asColumn,
    ColumnSource,
    z.strictObject({ constant: Constant, plus: Shift.optional(), minus: Shift.optional() }),
    /** Text with columns in braces: `{usage_id}/{usage_date}`. */
    z.strictObject({ template: z.string().min(1) }),
    FoundSource,
    /** A JSON object: its names, and the column of each. */
    z.strictObject({ object: ObjectSource }),
  ],
  'a column name, or one of { column }, { constant }, { template }, { from, field } and { object }',
)

/** How a file writes dates, times and numbers, for all fields that state no format of their own. */
const Formats = z.strictObject({
  date: z.string().min(1).optional(),
  time: z.string().min(1).optional(),
  number: z.string().min(1).optional(),
})
export type Formats = z.output<typeof Formats>

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

const LookupSchema = z.strictObject({
  entity: z.enum(ENTITY_NAMES),
  /** The field that `key` is compared with, whatever its case: a name, an e-mail address. Default: the entity's key. */
  by: Name.optional(),
  key: FieldSource,
})

export const LoadSchema = z.strictObject({
  file: z.string().min(1),
  entity: z.enum(ENTITY_NAMES),
  /** References to rows of other entities: loaded earlier in this import, or stored before. */
  lookups: z.record(Name, LookupSchema).default({}),
  fields: z.record(Name, FieldSource),
  formats: Formats.default({}),
  /** With `given`, the file may lack the columns of optional fields. */
  columns: z.enum(['all', 'given']).default('all'),
  flags: z.array(Flag).default([]),
  /** A filter; other rows are not for this entity and are counted as filtered out. */
  where: z
    .union(
      [z.strictObject({ column: Column, is: Constants }), z.strictObject({ column: Column, is_not: Constants })],
      '{ column, is } or { column, is_not }, of one value or a list of values',
    )
    .optional(),
  /** Updates the contract value and dates of the affected customers from their running contracts. */
  derive_contract_value: z.boolean().default(false),
  /** What to do with a row whose natural key is stored already. Default: update it, unless it is an event. */
  stored: z.enum(['skip', 'update']).optional(),
  /** Fields that are set when a row is new, and left as they are stored when it is updated. */
  keep: z.array(Name).default([]),
})

export const MappingSchema = z.strictObject({
  name: Name,
  describe: z.string().min(1),
  /** Loads in execution order: referenced entities come first. */
  loads: z.array(LoadSchema).min(1),
})
