import type { z } from 'zod'
import type { Ctx } from '../context.ts'
import type { Scope } from '../principal.ts'
import { unattended } from './interaction.ts'
import type { Interaction } from './interaction.ts'
import type { Effect, Operation } from './operation.ts'

export type { Effect } from './operation.ts'

interface ToolShape<I extends z.ZodObject, O extends z.ZodObject> {
  /** snake_case, unique across all servers, at most 40 characters. */
  readonly name: string
  /** What a person sees, e.g. 'Calculate health score'. */
  readonly title: string
  /** What it does, when to use it, when not to and which sibling instead, side effects, limits. For a model to read. */
  readonly describe: string
  readonly effect: Effect
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
  /** Its scope and those of every operation that it calls. */
  readonly scopes: readonly Scope[]
  /** Arguments of calls as a model would make them. */
  readonly examples: readonly Readonly<Record<string, unknown>>[]
  readonly present?: (output: Record<string, unknown>) => readonly ContentPart[]
  /** Without an interaction nobody can be asked. */
  readonly run: (ctx: Ctx, input: unknown, interaction?: Interaction) => Promise<Record<string, unknown>>
}

/** The words of a tool, for people and models, and what concerns its calls as a tool alone. */
interface ToolWords<I extends z.ZodObject, O extends z.ZodObject>
  extends Pick<ToolShape<I, O>, 'name' | 'title' | 'describe' | 'timeoutSeconds' | 'present'> {
  /** Calls as a model would make them: documents, error texts and the catalogue suite use them. */
  readonly examples: readonly z.input<I>[]
}

/** Declares a tool: an operation, with words for a model. */
export function tool<I extends z.ZodObject, O extends z.ZodObject>(
  operation: Operation<I, O>,
  words: ToolWords<I, O>,
): Tool {
  const { scopes, effect, input, output, personal, asks } = operation
  // safe because: every caller of `run` parses with `input` first, and O is an object schema.
  const erased = { ...words, scopes, effect, input, output, personal, asks } as unknown as Omit<Tool, 'run'>
  // safe because: as above.
  const run = operation as unknown as Tool['run']
  return { ...erased, run: (ctx, given, interaction = unattended) => run(ctx, given, interaction) }
}

/** An MCP server a module brings: its tools by toolset, in the order they are listed. */
export interface ToolServer {
  /** `customers`: the path `/mcp/customers` and the scopes `customers:read|write`. */
  readonly name: string
  readonly title: string
  /** ≤ 2,048 characters, most important first: how the tools work together. */
  readonly instructions: string
  readonly toolsets: Readonly<Record<string, readonly Tool[]>>
  /** Names of its most used tools, at most 8, which are listed also where the others are found by searching. */
  readonly mostUsed?: readonly string[]
}
