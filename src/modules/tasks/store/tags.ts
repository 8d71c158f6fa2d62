import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { statement } from '#kernel/database/statement'
import { sql } from '#kernel/database/sql'
import { personOf } from '../person.ts'

/** A tag, as it is written most often, and the number of tasks that have it in any case. */
export const TagCount = z.strictObject({ tag: z.string(), tasks: z.int(), open: z.int() })
export type TagCount = z.output<typeof TagCount>

const TAGS_MAX = 500

const count = statement(
  'tasks.count-tags',
  sql`select mode() within group (order by tag) as tag, count(*) as tasks, count(*) filter (where not completed) as open
   from tasks.tasks, jsonb_array_elements_text(tags) as tag
   where tenant_id = :tenant_id and user_id = :user_id
   group by lower(tag) order by count(*) desc, lower(tag) limit :tags_max`,
  { params: { user_id: z.string(), tags_max: z.int() }, row: TagCount },
)

export async function countTags(ctx: Ctx): Promise<TagCount[]> {
  return count(ctx, { user_id: personOf(ctx), tags_max: TAGS_MAX })
}
