import { z } from 'zod'
import { query } from '#kernel/calls/operation'
import { countTags, TagCount } from './store/tags.ts'

/** The tags of the person's tasks with the number of tasks, the most used first. */
export const listTags = query({
  scope: 'tasks:read',
  personal: true,
  input: z.strictObject({}),
  output: z.strictObject({ tags: z.array(TagCount) }),
  run: async (ctx) => ({ tags: await countTags(ctx) }),
})
