import { z } from 'zod'

interface PageLimits {
  readonly rowsDefault: number
  readonly rowsMax: number
}

/** The most rows of a list that a caller asks for at once. */
export function pageLimit({ rowsDefault, rowsMax }: PageLimits) {
  return z.int().min(1).max(rowsMax).default(rowsDefault)
}

/** How many rows of a list come before the page. */
export const PageOffset = z.int().min(0).default(0)

/** The part of a list that a caller asks for. */
export interface Page {
  readonly limit: number
  readonly offset: number
}

/** Where a page stands in its list. */
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
