import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Clock } from '#kernel/clock'
import type { Answer, Question } from '#kernel/calls/interaction'
import type { Keyring } from '#kernel/crypto/keyring'
import { RPC, RpcError, isRecord } from './rpc.ts'

/** The client capability that each kind of question needs. */
export const CAPABILITY = { form: 'elicitation', completion: 'sampling', roots: 'roots' } as const satisfies Record<
  Question['kind'],
  string
>

/** A question as an MCP request. */
export function inputRequest(question: Question): { method: string; params: Record<string, unknown> } {
  if (question.kind === 'roots') return { method: 'roots/list', params: {} }
  if (question.kind === 'form') {
    return { method: 'elicitation/create', params: { message: question.message, requestedSchema: question.schema } }
  }
  const messages = [{ role: 'user', content: { type: 'text', text: question.prompt } }]
  return { method: 'sampling/createMessage', params: { messages, maxTokens: question.tokensMax } }
}

const Form = z.object({
  action: z.enum(['accept', 'decline', 'cancel']),
  content: z.record(z.string(), z.unknown()).optional(),
})
const TextBlock = z.object({ type: z.string(), text: z.string().optional() })
const Completion = z.object({ content: z.union([TextBlock, z.array(TextBlock)]) })
const Roots = z.object({ roots: z.array(z.object({ uri: z.string() })) })

/** Parses the client's answer; undefined when it is invalid, and the question is then asked again. */
export function readAnswer(question: Question, raw: unknown): Answer | undefined {
  if (question.kind === 'form') {
    const form = Form.safeParse(raw)
    return form.success ? readForm(question.schema, form.data) : undefined
  }
  if (question.kind === 'roots') {
    const roots = Roots.safeParse(raw)
    return roots.success ? { kind: 'roots', uris: roots.data.roots.map((root) => root.uri) } : undefined
  }
  const completion = Completion.safeParse(raw)
  if (!completion.success) return undefined
  const text = [completion.data.content]
    .flat()
    .map((block) => block.text ?? '')
    .join('')
  return { kind: 'completion', text }
}

/** Whether an accepted form has every required field. */
function readForm(schema: Readonly<Record<string, unknown>>, form: z.output<typeof Form>): Answer | undefined {
  const { action, content = {} } = form
  const required = Array.isArray(schema['required']) ? schema['required'] : []
  if (action === 'accept' && required.some((field) => content[String(field)] === undefined)) return undefined
  return { kind: 'form', action, content }
}

/** The answers of earlier rounds, bound to the caller, the tool and its arguments. */
export interface RoundState {
  readonly subject: string
  readonly answers: Readonly<Record<string, unknown>>
}

const STATE_SECONDS = 600
const PURPOSE = 'mcp-round'

/**
 * Stores the state of a stateless call between its rounds in a signed string that the client sends back. It expires
 * after ten minutes and is valid only for the same caller, tool and arguments.
 */
export function roundStates(
  keyring: Pick<Keyring, 'sign' | 'verify'>,
  clock: Clock,
): {
  seal: (state: RoundState) => string
  open: (sealed: unknown, subject: string) => RoundState['answers']
} {
  return {
    seal: ({ subject, answers }) => {
      const expires = Math.floor(clock().getTime() / 1000) + STATE_SECONDS
      const payload = Buffer.from(JSON.stringify({ s: digest(subject), e: expires, a: answers })).toString('base64url')
      return `${payload}.${keyring.sign(payload, PURPOSE)}`
    },
    open: (sealed, subject) => {
      if (sealed === undefined) return {}
      const [payload = '', signature = ''] = typeof sealed === 'string' ? sealed.split('.', 2) : []
      if (!keyring.verify(payload, PURPOSE, signature)) throw invalidState('it was not issued here, or was changed')
      const state: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
      if (!isRecord(state) || state['s'] !== digest(subject)) throw invalidState('it belongs to another call')
      if (Number(state['e']) * 1000 < clock().getTime()) throw invalidState('it has expired; start again')
      return isRecord(state['a']) ? state['a'] : {}
    },
  }
}

function digest(subject: string): string {
  return createHash('sha256').update(subject).digest('base64url')
}

function invalidState(why: string): RpcError {
  return new RpcError(200, RPC.invalidParams, `Invalid requestState: ${why}.`)
}
