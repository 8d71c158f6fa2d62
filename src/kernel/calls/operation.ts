import type { z } from 'zod'
import type { Ctx } from '../context.ts'
import { Failure } from '../failure.ts'
import type { Principal, Scope } from '../principal.ts'
import type { Interaction } from './interaction.ts'

/** The effect of a call on data. The four MCP tool annotations are derived from it. */
export type Effect = 'read' | 'create' | 'update' | 'destroy'

/** The description of an operation, without its schemas. */
export interface OperationDescriptor {
  readonly scope: Scope
  /** Its own scope and those of the operations in `calls`; all are checked before it runs. */
  readonly scopes: readonly Scope[]
  readonly effect: Effect
  /** Whether it works on the caller's own records; a credential that acts for no person is then refused. */
  readonly personal: boolean
  /** Whether it may ask its caller questions. */
  readonly asks: boolean
  readonly calls: readonly OperationDescriptor[]
}

/**
 * An operation of the product: scope, schemas and work. A tool adds words for a model, a route adds an HTTP address.
 * Callers parse the input with `input` first. Throws `Failure('forbidden')` before reading anything when the caller
 * lacks one of its scopes, or acts for no person where it is personal.
 */
export interface Operation<I extends z.ZodObject = z.ZodObject, O extends z.ZodType = z.ZodType>
  extends OperationDescriptor {
  (ctx: Ctx, input: z.output<I>, interaction?: Interaction): Promise<z.output<O>>
  /** A strict object: an unknown argument is refused by name. */
  readonly input: I
  readonly output: O
}

interface Common<I extends z.ZodObject, O extends z.ZodType> {
  readonly scope: Scope
  readonly input: I
  readonly output: O
  readonly personal?: boolean
  /**
   * The operations that this one calls; the caller needs their scopes too. An operation that only some inputs reach may
   * be left out and then checks its scope itself. A change must always be listed, to join the transaction.
   */
  readonly calls?: readonly OperationDescriptor[]
}

interface QueryShape<I extends z.ZodObject, O extends z.ZodType> extends Common<I, O> {
  readonly run: (ctx: Ctx, input: z.output<I>) => Promise<z.output<O>>
}

/** Declares an operation that only reads, possibly from a replica. */
export function query<I extends z.ZodObject, O extends z.ZodType>(shape: QueryShape<I, O>): Operation<I, O> {
  return makeOperation({ ...shape, effect: 'read' }, shape.run)
}

interface OperationShape<I extends z.ZodObject, O extends z.ZodType> extends Common<I, O> {
  readonly effect: Effect
  readonly asks?: boolean
  readonly run: (ctx: Ctx, input: z.output<I>, interaction?: Interaction) => Promise<z.output<O>>
}

/**
 * Declares an operation that is neither one query nor one change: it asks its caller, chooses between operations, or
 * writes through a library or a group commit with transactions of its own.
 */
export function operation<I extends z.ZodObject, O extends z.ZodType>(shape: OperationShape<I, O>): Operation<I, O> {
  return makeOperation(shape, shape.run)
}

/** Makes an operation from its description and the function to run after the permission checks. */
export function makeOperation<I extends z.ZodObject, O extends z.ZodType>(
  shape: Common<I, O> & { readonly effect: Effect; readonly asks?: boolean },
  run: OperationShape<I, O>['run'],
): Operation<I, O> {
  const { scope, input, output, effect, asks = false, calls = [] } = shape
  const personal = shape.personal === true || calls.some((called) => called.personal)
  const scopes = [...new Set([scope, ...calls.flatMap((called) => called.scopes)])]
  const admitted = async (ctx: Ctx, given: z.output<I>, interaction?: Interaction) => {
    requirePermission(ctx, scopes, personal)
    return run(ctx, given, interaction)
  }
  return Object.assign(admitted, { scope, scopes, effect, input, output, personal, asks, calls })
}

/** Throws `Failure('forbidden')` that names what is missing: a scope, or a person to act for. */
export function requirePermission(principal: Principal, scopes: readonly Scope[], personal: boolean): void {
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
