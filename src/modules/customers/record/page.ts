import { z } from 'zod'

interface PageLimits {
  readonly rowsDefault: number
  readonly rowsMax: number
}

/** The page size: the maximum number of rows to return. */
export function pageLimit({ rowsDefault, rowsMax }: PageLimits) {
  return z.int().min(1).max(rowsMax).default(rowsDefault)
}

/** The number of rows to skip. */
export const PageOffset = z.int().min(0).default(0)

/** A page of a list: offset and limit. */
export interface Page {
  readonly limit: number
  readonly offset: number
}

/** The position of a page in its list. */
export const Pagination = z.strictObject({
  total_count: z.int(),
  limit: z.int(),
  offset: z.int(),
  returned_count: z.int(),
  has_more: z.boolean(),
})
export type Pagination = z.output<typeof Pagination>

export function paginate({ limit, offset }: Page, returned: number, total: number): Pagination {
  return {
    total_count: total,
    limit,
    offset,
    returned_count: returned,
    has_more: offset + returned < total,
  }
}
