import type { z } from 'zod'
import type { Ctx } from '../context.ts'
import { Failure } from '../failure.ts'
import type { Principal, Scope } from '../principal.ts'
import type { Interaction } from './interaction.ts'

/** What a call does to the world. The four MCP hints follow from it. */
export type Effect = 'read' | 'create' | 'update' | 'destroy'

/** What an operation says of itself, whatever its shapes. */
export interface Described {
  readonly scope: Scope
  /** Its own scope and those of the operations in `calls`: all are checked before it begins. */
  readonly scopes: readonly Scope[]
  readonly effect: Effect
  /** It works on the caller's own things: whoever acts for no person is refused. */
  readonly personal: boolean
  /** It may put questions to its caller. */
  readonly asks: boolean
  readonly calls: readonly Described[]
}

/**
 * One thing that the product can do, said once: scope, shapes and work. A tool adds words for a model to it, a route an
 * address. Callers parse the input with `input` first. Throws `Failure('forbidden')` before anything is read when the
 * caller lacks one of its scopes, or acts for no person where it is personal.
 */
export interface Operation<I extends z.ZodObject = z.ZodObject, O extends z.ZodType = z.ZodType> extends Described {
  (ctx: Ctx, input: z.output<I>, interaction?: Interaction): Promise<z.output<O>>
  /** Strict: an unknown argument is refused by name. A plain object at the root. */
  readonly input: I
  readonly output: O
}

interface Common<I extends z.ZodObject, O extends z.ZodType> {
  readonly scope: Scope
  readonly input: I
  readonly output: O
  readonly personal?: boolean
  /**
   * The operations that every caller of this one must be allowed to call. One that only some inputs reach may be left
   * out, and asks for its scope itself; a change, though, can be joined by no other.
   */
  readonly calls?: readonly Described[]
}

interface QueryShape<I extends z.ZodObject, O extends z.ZodType> extends Common<I, O> {
  readonly run: (ctx: Ctx, input: z.output<I>) => Promise<z.output<O>>
}

/** An operation that reads. Nothing in it writes: its handle may be a replica's. */
export function query<I extends z.ZodObject, O extends z.ZodType>(shape: QueryShape<I, O>): Operation<I, O> {
  return makeOperation({ ...shape, effect: 'read' }, shape.run)
}

interface OperationShape<I extends z.ZodObject, O extends z.ZodType> extends Common<I, O> {
  readonly effect: Effect
  readonly asks?: boolean
  readonly run: (ctx: Ctx, input: z.output<I>, interaction?: Interaction) => Promise<z.output<O>>
}

/**
 * An operation that is neither one query nor one change: it asks its caller, chooses between operations, or writes
 * through a library or a grouped commit that has transactions of its own.
 */
export function operation<I extends z.ZodObject, O extends z.ZodType>(shape: OperationShape<I, O>): Operation<I, O> {
  return makeOperation(shape, shape.run)
}

/** Makes an operation of its description and of what it runs once the caller was admitted. */
export function makeOperation<I extends z.ZodObject, O extends z.ZodType>(
  shape: Common<I, O> & { readonly effect: Effect; readonly asks?: boolean },
  run: OperationShape<I, O>['run'],
): Operation<I, O> {
  const { scope, input, output, effect, asks = false, calls = [] } = shape
  const personal = shape.personal === true || calls.some((called) => called.personal)
  const scopes = [...new Set([scope, ...calls.flatMap((called) => called.scopes)])]
  const admitted = async (ctx: Ctx, given: z.output<I>, interaction?: Interaction) => {
    requireAdmission(ctx, scopes, personal)
    return run(ctx, given, interaction)
  }
  return Object.assign(admitted, { scope, scopes, effect, input, output, personal, asks, calls })
}

/** Throws `Failure('forbidden')` naming what is missing: a scope, or a person whose own things these are. */
export function requireAdmission(principal: Principal, scopes: readonly Scope[], personal: boolean): void {
  for (const scope of scopes) {
    if (principal.scopes.has(scope)) continue
    throw new Failure('forbidden', `This needs the scope ${scope}, which the key does not have.`, {
      scopesNeeded: [scope],
    })
  }
  if (!personal || principal.userId !== undefined) return
  throw new Failure(
    'forbidden',
    "This works on a person's own things, and this credential acts for no person. Use a key that a person made.",
    { code: 'USER_REQUIRED' },
  )
}
