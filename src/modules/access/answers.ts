import { z } from 'zod'

type Shape<Row extends z.ZodRawShape> = {
  [Name in keyof Row]: Row[Name] extends z.ZodDate
    ? z.ZodISODateTime
    : Row[Name] extends z.ZodNullable<z.ZodDate>
      ? z.ZodNullable<z.ZodISODateTime>
      : Row[Name]
}

type Answered<Row> = {
  [Name in keyof Row]: Row[Name] extends Date ? string : Row[Name] extends Date | null ? string | null : Row[Name]
}

/** The schema of a row in a REST response: dates become ISO 8601 strings. */
export function answerOf<Row extends z.ZodRawShape>(row: z.ZodObject<Row>): z.ZodObject<Shape<Row>> {
  const fields = Object.entries(row.shape).map(([name, field]) => [name, timeAsText(field)])
  // safe because: `Shape` maps the types as `timeAsText` maps the schemas.
  return z.object(Object.fromEntries(fields)) as unknown as z.ZodObject<Shape<Row>>
}

/** A row converted to the schema that `answerOf` returns. */
export function answered<Row extends object>(row: Row): Answered<Row> {
  const fields = Object.entries(row).map(([name, value]: [string, unknown]) => [
    name,
    value instanceof Date ? value.toISOString() : value,
  ])
  // safe because: `Answered` maps the types as the code above maps the values.
  return Object.fromEntries(fields) as Answered<Row>
}

function timeAsText(field: z.core.$ZodType): z.core.$ZodType {
  if (field instanceof z.ZodDate) return z.iso.datetime()
  return field instanceof z.ZodNullable && field.unwrap() instanceof z.ZodDate ? z.iso.datetime().nullable() : field
}
