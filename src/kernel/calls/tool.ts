import type { z } from 'zod'
import type { Ctx } from '../context.ts'
import type { Scope } from '../principal.ts'
import { unattended } from './interaction.ts'
import type { Interaction } from './interaction.ts'

/** What a call does to the world. The four MCP hints follow from it. */
export type Effect = 'read' | 'create' | 'update' | 'destroy'

interface ToolShape<I extends z.ZodObject, O extends z.ZodObject> {
  /** snake_case, unique across all servers, at most 40 characters. */
  readonly name: string
  /** What a person sees, e.g. 'Calculate health score'. */
  readonly title: string
  /** What it does, when to use it, when not to and which sibling instead, side effects, limits. For a model to read. */
  readonly describe: string
  readonly effect: Effect
  readonly scope: Scope
  /** Strict: an unknown argument is refused by name. A plain object at the root. */
  readonly input: I
  readonly output: O
  /** Overrides the configured deadline (30 s). */
  readonly timeoutSeconds?: number
  /** The tool may put questions to its caller while it runs. */
  readonly asks?: boolean
  /** It works on the caller's own things: whoever acts for no person is neither shown nor given it. */
  readonly personal?: boolean
  /** Pictures, sound or files instead of the JSON text of the result. */
  readonly present?: (output: z.output<O>) => readonly ContentPart[]
  readonly run: (ctx: Ctx, input: z.output<I>, interaction: Interaction) => Promise<z.output<O>>
}

/** One piece of a result that is not JSON. Binary data is base64. */
export type ContentPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image' | 'audio'; readonly data: string; readonly mimeType: string }
  | {
      readonly type: 'resource'
      readonly resource: { readonly uri: string; readonly mimeType: string; readonly text: string }
    }

/** One tool, as data: it knows nothing of MCP. */
export interface Tool extends Omit<ToolShape<z.ZodObject, z.ZodObject>, 'run' | 'present'> {
  readonly present?: (output: Record<string, unknown>) => readonly ContentPart[]
  /** Without an interaction nobody can be asked. */
  readonly run: (ctx: Ctx, input: unknown, interaction?: Interaction) => Promise<Record<string, unknown>>
}

/** Declares a tool. Input and output types are checked here and erased after; callers validate before `run`. */
export function tool<I extends z.ZodObject, O extends z.ZodObject>(shape: ToolShape<I, O>): Tool {
  // safe because: every caller of `run` parses with `shape.input` first, and O is an object schema.
  const erased = shape as unknown as Tool
  return { ...erased, run: (ctx, input, interaction = unattended) => erased.run(ctx, input, interaction) }
}

/** An MCP server a module brings: its tools by toolset, in the order they are listed. */
export interface ToolServer {
  /** `customers`: the path `/mcp/customers` and the scopes `customers:read|write`. */
  readonly name: string
  readonly title: string
  /** ≤ 2,048 characters, most important first: how the tools work together. */
  readonly instructions: string
  readonly toolsets: Readonly<Record<string, readonly Tool[]>>
}
