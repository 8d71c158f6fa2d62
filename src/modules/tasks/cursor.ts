import { hash } from 'node:crypto'
import { z } from 'zod'
import { Priority, invalidArgument } from './contract.ts'
import type { Position, SortBy } from './store/list.ts'

const Shape = z.tuple([
  z.string(),
  z.string(),
  Priority,
  z.iso.datetime().nullable(),
  z.int().min(1).max(2_147_483_647),
])

/** Encodes the end position of a page and the list's sorting and filters as a cursor, opaque to callers. */
export function cursorOf(sortBy: SortBy, filters: unknown, { priority, dueAt, taskId }: Position): string {
  return Buffer.from(JSON.stringify([sortBy, fingerprint(filters), priority, dueAt, taskId])).toString('base64url')
}

/** Decodes a cursor. Refuses one of another sorting or other filters, whose page would omit tasks. */
export function readCursor(sortBy: SortBy, filters: unknown, cursor: string): Position {
  const read = Shape.safeParse(jsonIn(cursor))
  if (!read.success) throw invalidArgument('cursor', 'the unchanged next_cursor of a page')
  const [sorted, list, priority, dueAt, taskId] = read.data
  if (sorted !== sortBy || list !== fingerprint(filters))
    throw invalidArgument('cursor', 'the same filters and sort_by as the page it came with')
  return { priority, dueAt, taskId }
}

function jsonIn(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  } catch {
    // Safe to go on: text that is not JSON is not a valid cursor, and the caller refuses it.
    return undefined
  }
}

const fingerprint = (filters: unknown) => hash('sha256', JSON.stringify(filters), 'base64url').slice(0, 8)
