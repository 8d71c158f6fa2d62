import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Ctx } from '../context.ts'
import { canonicalJson } from '../crypto/canonical-json.ts'
import { Failure } from '../failure.ts'
import type { ChangeOperation, Previewed } from '../writes/change.ts'
import type { ConfirmTokens, ToConfirm } from './confirm-tokens.ts'
import { unattended } from './interaction.ts'
import type { Interaction } from './interaction.ts'
import { operation } from './operation.ts'
import type { Operation } from './operation.ts'

interface Confirming<Input, Result> {
  readonly tokens: ConfirmTokens
  /** Which calls have to be confirmed. */
  readonly when: (input: Input) => boolean
  /** The question to the person: "Delete 3 tasks with 2 sub-tasks?". */
  readonly question: (preview: Result, input: Input) => string
}

/** The result of an unconfirmed call: a question and a confirm token. Nothing was changed yet. */
const Confirmation = z.strictObject({
  question: z.string(),
  confirm_token: z.string(),
  expires_at: z.string(),
})

/** The `confirm_token` field, for the input of an operation that needs confirmation. */
export const ConfirmToken = z
  .string()
  .refine((token) => token.length <= 1000, 'at most 1000 characters')
  .optional()
  .describe('Of the preview, to confirm it')

type Confirmed = z.ZodObject<{ confirm_token: typeof ConfirmToken }>

/**
 * Requires confirmation of a destructive or bulk change. A client that supports elicitation is asked directly; any
 * other gets a preview, a question and a confirm token, and repeats the call with the token. The change is committed
 * only if it touches what the preview touched, in the same versions. A change that would touch nothing (`touched` is
 * empty) needs no confirmation. No transaction is open while the caller is asked.
 */
export function confirm<I extends Confirmed, O extends z.ZodObject>(
  change: ChangeOperation<I, O>,
  { tokens, when, question }: Confirming<z.output<I>, z.output<O>>,
): Operation<I, z.ZodObject> {
  type Input = z.output<I>
  const bound = (ctx: Ctx, input: Input, touched: unknown): ToConfirm => {
    const { confirm_token: _token, ...call } = tokenIn(input)
    return { principal: ctx, action: change.action, input: call, touched }
  }
  const run = async (
    ctx: Ctx,
    input: Input,
    interaction: Interaction = unattended,
  ): Promise<Record<string, unknown>> => {
    if (!when(input)) return change(ctx, input)
    const { confirm_token: token } = tokenIn(input)
    if (token !== undefined) {
      return change.verified(ctx, input, (touched) => tokens.check(token, bound(ctx, input, touched)))
    }
    const previewed = await change.preview(ctx, input)
    if (previewed.touched === undefined)
      throw new Error(`${change.action} needs confirmation, but its work does not return what it touched.`)
    // Nothing to confirm, or a retry: its data is already gone, and the idempotency key returns the first result.
    if (touchesNothing(previewed)) return change.verified(ctx, input, (touched) => requireSame(touched, previewed))
    const asked = question(previewed.result, input)
    if (!interaction.can('form')) {
      const issued = tokens.issue(bound(ctx, input, previewed.touched))
      return { preview: previewed.result, confirmation: { question: asked, ...issued } }
    }
    await requireConsent(interaction, asked, previewed)
    return change.verified(ctx, input, (touched) => requireSame(touched, previewed))
  }
  const { scope, effect, personal, input, output, calls } = change
  return operation({
    scope,
    effect,
    personal,
    input,
    calls,
    asks: true,
    output: confirmable(output),
    run,
  })
}

/** The input, typed with its optional confirm token. */
function tokenIn<Input>(input: Input): Input & { readonly confirm_token?: string | undefined } {
  // safe because: `Confirmed` requires this field of the input, which the type parameter does not show.
  return input as Input & { readonly confirm_token?: string | undefined }
}

/** The output schema of a confirmed operation: the change's own result, or a preview with question and token. */
function confirmable(output: z.ZodObject): z.ZodObject {
  return z.strictObject({
    ...z.object(output.shape).partial().shape,
    preview: output.optional(),
    confirmation: Confirmation.optional(),
  })
}

/**
 * Asks for consent. The answer's key is a digest of what the preview touched: when that changes between two rounds, the
 * question is asked again.
 */
async function requireConsent(interaction: Interaction, message: string, { touched }: Previewed<unknown>) {
  const key = `confirm-${digest(touched)}`
  const schema = {
    type: 'object',
    properties: { confirm: { type: 'boolean', title: 'Confirm' } },
    required: ['confirm'],
  }
  const { [key]: answer } = await interaction.ask({ [key]: { kind: 'form', message, schema } })
  if (answer?.kind === 'form' && answer.action === 'accept' && answer.content['confirm'] === true) return
  throw new Failure('conflict', 'The person did not confirm. Nothing was changed.', { code: 'NOT_CONFIRMED' })
}

function touchesNothing({ touched }: Previewed<unknown>): boolean {
  return Array.isArray(touched) && touched.length === 0
}

function requireSame(touched: unknown, previewed: Previewed<unknown>): void {
  if (digest(touched) === digest(previewed.touched)) return
  throw new Failure('conflict', 'What was confirmed has changed meanwhile. Nothing was changed; ask again.', {
    code: 'CONFIRMATION_REFUSED',
  })
}

const digest = (value: unknown) =>
  createHash('sha256')
    .update(canonicalJson([value]))
    .digest('base64url')
    .slice(0, 22)
