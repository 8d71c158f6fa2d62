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
  /** What a person is asked: "Delete 3 tasks with 2 sub-tasks?". */
  readonly question: (preview: Result, input: Input) => string
}

/** What a call that has to be confirmed is answered: nothing was changed yet. */
const Confirmation = z.strictObject({
  question: z.string(),
  confirm_token: z.string(),
  expires_at: z.string(),
})

/** The argument by which a call is confirmed, for the input of what is confirmed. */
export const ConfirmToken = z
  .string()
  .refine((token) => token.length <= 1000, 'at most 1000 characters')
  .optional()
  .describe('Of the preview, to confirm it')

type Confirmed = z.ZodObject<{ confirm_token: typeof ConfirmToken }>

/**
 * Puts a confirmation before a destructive or bulk change. A caller who can be asked is asked; any other is answered
 * with a preview, a question and a token, and calls again with the token. The change is kept only when it touches what
 * the preview touched, in the same versions. What would touch nothing (`touched` is empty) is not asked. Nothing is asked
 * while a transaction is open.
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
    if (previewed.touched === undefined) throw new Error(`${change.action} is confirmed and says not what it touches.`)
    // Nothing to confirm, or a retry: that finds nothing left to touch, and is answered by its idempotency key.
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
    ...{ scope, effect, personal, input, calls, asks: true, output: confirmable(output) },
    run,
  })
}

/** The input with its token, which every input of a confirmed change may have. */
function tokenIn<Input>(input: Input): Input & { readonly confirm_token?: string | undefined } {
  // safe because: `Confirmed` says that the input has this field, which a type parameter does not show.
  return input as Input & { readonly confirm_token?: string | undefined }
}

/** The result of a call that may have to be confirmed: the change's own, or a preview with its question and token. */
function confirmable(output: z.ZodObject): z.ZodObject {
  return z.strictObject({
    ...z.object(output.shape).partial().shape,
    preview: output.optional(),
    confirmation: Confirmation.optional(),
  })
}

/** The answer is known by what was previewed: when that is different in the next round, the question is put again. */
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
