import type { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { unattended } from '#kernel/calls/interaction'
import type { Interaction } from '#kernel/calls/interaction'
import { operation } from '#kernel/calls/operation'
import type { Effect } from '#kernel/calls/operation'
import { tool } from '#kernel/calls/tool'
import type { ContentPart, Tool } from '#kernel/calls/tool'
import type { Scope } from '#kernel/principal'

interface PlainTool<I extends z.ZodObject, O extends z.ZodObject> {
  readonly name: string
  readonly title: string
  readonly describe: string
  readonly effect: Effect
  readonly scope: Scope
  readonly input: I
  readonly output: O
  readonly timeoutSeconds?: number
  readonly asks?: boolean
  readonly personal?: boolean
  readonly present?: (output: z.output<O>) => readonly ContentPart[]
  readonly run: (ctx: Ctx, input: z.output<I>, interaction: Interaction) => Promise<z.output<O>>
}

/** A test tool, defined together with its operation, without examples. */
export function plainTool<I extends z.ZodObject, O extends z.ZodObject>(shape: PlainTool<I, O>): Tool {
  const { name, title, describe, timeoutSeconds, present, run, ...described } = shape
  const work = operation({ ...described, run: (ctx, input, interaction = unattended) => run(ctx, input, interaction) })
  const words = { ...(timeoutSeconds !== undefined && { timeoutSeconds }), ...(present !== undefined && { present }) }
  return tool(work, { name, title, describe, examples: [], ...words })
}
