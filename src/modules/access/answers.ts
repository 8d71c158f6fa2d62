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

/** The schema of rows as REST answers them: their times are ISO 8601 texts. */
export function answerOf<Row extends z.ZodRawShape>(row: z.ZodObject<Row>): z.ZodObject<Shape<Row>> {
  const fields = Object.entries(row.shape).map(([name, field]) => [name, timeAsText(field)])
  // safe because: `Shape` does to the types what `timeAsText` does.
  return z.object(Object.fromEntries(fields)) as unknown as z.ZodObject<Shape<Row>>
}

/** A row as `answerOf` describes it. */
export function answered<Row extends object>(row: Row): Answered<Row> {
  const fields = Object.entries(row).map(([name, value]: [string, unknown]) => [
    name,
    value instanceof Date ? value.toISOString() : value,
  ])
  // safe because: `Answered` does to the types what is done here.
  return Object.fromEntries(fields) as Answered<Row>
}

function timeAsText(field: z.core.$ZodType): z.core.$ZodType {
  if (field instanceof z.ZodDate) return z.iso.datetime()
  return field instanceof z.ZodNullable && field.unwrap() instanceof z.ZodDate ? z.iso.datetime().nullable() : field
}
