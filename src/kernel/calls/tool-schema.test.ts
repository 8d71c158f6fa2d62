import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { listedInputSchema, listedOutputSchema, portabilityProblems } from './tool-schema.ts'

describe('the listed input schema', () => {
  it('holds what a model needs and no noise', () => {
    const input = z.object({
      client_id: z.string().min(1).describe('Whose'),
      email: z.email().optional().describe('Where to write'),
      limit: z.int().min(1).default(25).describe('How many'),
    })
    expect(listedInputSchema(input)).toMatchInlineSnapshot(`
      {
        "additionalProperties": false,
        "properties": {
          "client_id": {
            "description": "Whose",
            "type": "string",
          },
          "email": {
            "description": "Where to write",
            "type": "string",
          },
          "limit": {
            "default": 25,
            "description": "How many",
            "type": "integer",
          },
        },
        "required": [
          "client_id",
        ],
        "type": "object",
      }
    `)
  })

  it('is not portable with enum values that are not strings, or with an object as a default', () => {
    expect(portabilityProblems({ type: 'object', default: {} })).toEqual([
      'its input must not have an object as its default',
    ])
    expect(portabilityProblems({ type: 'string', enum: ['a', 'b'] })).toEqual([])
    expect(portabilityProblems({ type: 'string', enum: ['a', 1] })).toEqual([
      'the values that its input lists must be strings',
    ])
  })

  it('says in portable keywords what is nullable, constant, or a date', () => {
    const input = z.object({
      nickname: z.string().nullable(),
      parent_id: z.int().min(1).nullable().optional(),
      undo: z.literal(true).optional(),
      kind: z.literal('ship'),
      launched: z.iso.date().describe('Default today'),
      seen_at: z.iso.datetime({ offset: true }),
      email: z.email(),
    })
    const schema = listedInputSchema(input)
    expect(portabilityProblems(schema)).toEqual([])
    expect(schema['properties']).toEqual({
      nickname: { type: 'string' },
      parent_id: { type: 'integer' },
      undo: { type: 'boolean' },
      kind: { type: 'string', enum: ['ship'] },
      launched: { type: 'string', description: 'YYYY-MM-DD; default today' },
      seen_at: { type: 'string', description: 'ISO 8601 with offset' },
      email: { type: 'string' },
    })
  })

  it('keeps a parameter that is called like a keyword', () => {
    const parameter = z.string().describe('p')
    const names = ['pattern', '$schema', 'minLength', 'minimum', 'propertyNames', 'default']
    const schema = listedInputSchema(z.object(Object.fromEntries(names.map((name) => [name, parameter]))))
    expect(Object.keys(schema['properties'] ?? {})).toEqual(names)
  })
})

describe('the listed output schema', () => {
  const output = z.object({
    name: z.string().describe('dropped'),
    score: z.number().nullable(),
    level: z.enum(['low', 'high']),
    tags: z.array(z.string()),
    owner: z.object({ email: z.email() }).optional(),
    anything: z.unknown(),
    either: z.union([z.string(), z.array(z.number())]),
  })

  it('names the fields of one type, with that type', () => {
    expect(listedOutputSchema(output)).toMatchInlineSnapshot(`
      {
        "properties": {
          "level": {
            "type": "string",
          },
          "name": {
            "type": "string",
          },
          "owner": {
            "type": "object",
          },
          "tags": {
            "type": "array",
          },
        },
        "type": "object",
      }
    `)
  })

  it('accepts everything that the full schema accepts', () => {
    const listed = z.fromJSONSchema(listedOutputSchema(output))
    const full = { name: 'a', level: 'low', tags: ['x'], either: [1], anything: { deep: [null] } } as const
    for (const value of [
      { ...full, score: null },
      { ...full, score: 1.5, owner: { email: 'a@b.co' }, either: 'text', anything: 1 },
    ]) {
      expect(output.safeParse(value).success).toBe(true)
      expect(listed.safeParse(value).success).toBe(true)
    }
  })
})
