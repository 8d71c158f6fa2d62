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
  /** The name shown to people, e.g. 'Calculate health score'. */
  readonly title: string
  /**
   * The description for models: what it does, when to use it, when to use another tool instead, side effects, limits.
   */
  readonly describe: string
  readonly effect: Effect
  /** A strict object: an unknown argument is refused by name. */
  readonly input: I
  readonly output: O
  /** Overrides the configured deadline (30 s). */
  readonly timeoutSeconds?: number
  /** Whether it may ask its caller questions while it runs. */
  readonly asks?: boolean
  /** Whether it works on the caller's own records; it is then hidden from credentials that act for no person. */
  readonly personal?: boolean
  /** Returns images, audio or files in place of the JSON text of the result. */
  readonly present?: (output: z.output<O>) => readonly ContentPart[]
  readonly run: (ctx: Ctx, input: z.output<I>, interaction: Interaction) => Promise<z.output<O>>
}

/** One part of a result that is not JSON. Binary data is base64. */
export type ContentPart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'image' | 'audio'; readonly data: string; readonly mimeType: string }
  | {
      readonly type: 'resource'
      readonly resource: { readonly uri: string; readonly mimeType: string; readonly text: string }
    }

/** A tool as data, independent of MCP. */
export interface Tool extends Omit<ToolShape<z.ZodObject, z.ZodObject>, 'run' | 'present'> {
  /** Its scope and those of every operation that it calls. */
  readonly scopes: readonly Scope[]
  /** Example arguments. */
  readonly examples: readonly Readonly<Record<string, unknown>>[]
  readonly present?: (output: Record<string, unknown>) => readonly ContentPart[]
  /** Without an interaction, questions are not supported. */
  readonly run: (ctx: Ctx, input: unknown, interaction?: Interaction) => Promise<Record<string, unknown>>
}

/** The texts of a tool for people and models, and its settings as a tool. */
interface ToolWords<I extends z.ZodObject, O extends z.ZodObject>
  extends Pick<ToolShape<I, O>, 'name' | 'title' | 'describe' | 'timeoutSeconds' | 'present'> {
  /** Example arguments, used in documentation, error texts and the catalogue suite. */
  readonly examples: readonly z.input<I>[]
}

/** Declares a tool: an operation with a name and description for models. */
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

/** The MCP server of a module: its tools by toolset, in listing order. */
export interface ToolServer {
  /** `customers`: the path `/mcp/customers` and the scopes `customers:read|write`. */
  readonly name: string
  readonly title: string
  /** How the tools work together, most important first; at most 2,048 characters. */
  readonly instructions: string
  readonly toolsets: Readonly<Record<string, readonly Tool[]>>
  /**
   * Names of its most used tools, at most 8. They are also listed in search mode, where the others are found by
   * searching.
   */
  readonly mostUsed?: readonly string[]
}
