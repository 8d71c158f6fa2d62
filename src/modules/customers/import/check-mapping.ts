import type { FieldProblem } from '#kernel/failure'
import { DATE_FORMAT_WORDS, dateFormat } from './date-format.ts'
import { entities } from './entities.ts'
import type { Entity, Field } from './entities.ts'
import type { FieldSource, Formats, Load, Mapping, ObjectSource } from './mapping.ts'
import { NUMBER_FORMAT_WORDS, numberFormat } from './number-format.ts'
import { NUMBER_KINDS } from './read-value.ts'
import type { ValueKind } from './read-value.ts'
import { UNIT_SECONDS, UNITS_OF_A_DAY } from './shift-time.ts'

/** Checks what the schema of a mapping cannot: the fields of each entity, what their kinds allow, and lookups. */
export function mappingProblems({ loads }: Mapping): FieldProblem[] {
  return loads.flatMap((load, index) => loadProblems(load, `loads.${index}`))
}

function loadProblems(load: Load, at: string): FieldProblem[] {
  const entity: Entity = entities[load.entity]
  const problems: FieldProblem[] = []
  const expect = (path: string, expected: string) => void problems.push({ path: `${at}.${path}`, expected })
  for (const [name, source] of Object.entries(load.fields)) {
    const field = Object.hasOwn(entity.fields, name) ? entity.fields[name] : undefined
    if (field === undefined)
      expect(`fields.${name}`, `a field of ${load.entity}: ${Object.keys(entity.fields).join(', ')}`)
    else
      for (const [part, expected] of sourceProblems(field, source))
        expect(['fields', name, ...part].join('.'), expected)
    if ('from' in source) {
      const lookup = Object.hasOwn(load.lookups, source.from) ? load.lookups[source.from] : undefined
      const found: Entity | undefined = lookup && entities[lookup.entity]
      if (found === undefined)
        expect(
          `fields.${name}.from`,
          `a lookup of this load: ${Object.keys(load.lookups).join(', ') || 'none is declared'}`,
        )
      else if (!Object.hasOwn(found.fields, source.field))
        expect(`fields.${name}.field`, `a field of ${lookup?.entity}: ${Object.keys(found.fields).join(', ')}`)
    }
  }
  for (const [name, { entity: sought, by }] of Object.entries(load.lookups)) {
    const { fields }: Entity = entities[sought]
    const texts = Object.keys(fields).filter((each) => fields[each]?.kind === 'text')
    if (by !== undefined && !texts.includes(by))
      expect(`lookups.${name}.by`, `a text of ${sought}: ${texts.join(', ')}`)
  }
  for (const [part, expected] of formatsProblems(load.formats)) expect(`formats.${part.join('.')}`, expected)
  if (load.stored === 'update' && !entity.isUpdatable)
    expect('stored', `skip, because a stored ${load.entity} never changes`)
  for (const name of load.keep) {
    if (!Object.hasOwn(load.fields, name)) expect('keep', `fields of this load; ${name} is none`)
  }
  for (const [name, field] of Object.entries(entity.fields)) {
    if (field.required && !Object.hasOwn(load.fields, name))
      expect(`fields.${name}`, `a source, because every ${load.entity} needs it`)
  }
  return problems
}

type Found = [path: string[], expected: string][]

const isTime = (kind: ValueKind) => kind === 'date' || kind === 'timestamp'

function sourceProblems({ kind }: Field, source: FieldSource): Found {
  if ('object' in source) {
    return kind === 'json'
      ? objectProblems(source.object)
      : [[['object'], `no object, because this field is ${kind === 'text' ? 'text' : `a ${kind}`}`]]
  }
  const problems: Found = []
  if ('column' in source) {
    if (source.format !== undefined) problems.push(...formatProblems(kind, source.format))
    if (source.format !== undefined && source.map !== undefined)
      problems.push([['map'], 'a map or a format, because a mapped value is what is stored'])
    if (source.unit !== undefined && kind !== 'duration')
      problems.push([['unit'], 'no unit, because this field is not a duration'])
    if (source.unit !== undefined && UNIT_SECONDS[source.unit] === undefined)
      problems.push([['unit'], 'a unit of fixed length: seconds, minutes, hours, days or weeks'])
    if (source.above !== undefined && kind !== 'boolean')
      problems.push([['above'], 'no limit, because this field is not true or false'])
  }
  for (const name of ['plus', 'minus'] as const) {
    const shift = name in source && ('column' in source || 'constant' in source) ? source[name] : undefined
    if (shift === undefined) continue
    if (!isTime(kind)) problems.push([[name], 'no amount to add, because this field is not a date or time'])
    else if (kind === 'date' && UNITS_OF_A_DAY.includes(shift.unit))
      problems.push([[name, 'unit'], 'days, weeks, months or years, because this field is a date without a time'])
  }
  return problems
}

function formatProblems(kind: ValueKind, format: string): Found {
  if (isTime(kind)) return dateFormat(format) === undefined ? [[['format'], DATE_FORMAT_WORDS]] : []
  if (!NUMBER_KINDS.includes(kind))
    return [[['format'], 'no format, because this field is not a date, a time or a number']]
  const compiled = numberFormat(format)
  if (compiled === undefined) return [[['format'], NUMBER_FORMAT_WORDS]]
  return compiled.isPercentage && kind !== 'decimal'
    ? [[['format'], 'no percentage, because this field is not a share']]
    : []
}

function objectProblems(object: ObjectSource): Found {
  return Object.entries(object).flatMap(([name, { format, map }]): Found => {
    const path = ['object', name]
    if (format !== undefined && map !== undefined)
      return [[[...path, 'map'], 'a map or a format, because a mapped value is what is stored']]
    const isFormat = format === undefined || numberFormat(format) !== undefined || dateFormat(format) !== undefined
    return isFormat ? [] : [[[...path, 'format'], `${DATE_FORMAT_WORDS}; or ${NUMBER_FORMAT_WORDS}`]]
  })
}

function formatsProblems({ date, time, number }: Formats): Found {
  const isWrongDate = (format: string | undefined) => format !== undefined && dateFormat(format) === undefined
  const isWrongNumber = number !== undefined && (numberFormat(number)?.isPercentage ?? true)
  const problems: Found = []
  if (isWrongDate(date)) problems.push([['date'], DATE_FORMAT_WORDS])
  if (isWrongDate(time)) problems.push([['time'], DATE_FORMAT_WORDS])
  if (isWrongNumber) problems.push([['number'], `${NUMBER_FORMAT_WORDS}, without a percent sign`])
  return problems
}
