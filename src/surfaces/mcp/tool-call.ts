import type { NoteAccess } from '#kernel/audit/access-notes'
import type { CallTool, ToolOutcome } from '#kernel/calls/call-tool'
import type { Clock } from '#kernel/clock'
import type { Keyring } from '#kernel/crypto/keyring'
import { mayUseTool, requireTool } from '#kernel/calls/permission'
import type { ToolEntry } from '#kernel/calls/tool-catalogue'
import type { Exchange } from './exchange.ts'
import { CAPABILITY, inputRequest, roundStates } from './questions.ts'
import { RPC, RpcError, isRecord } from './rpc.ts'
import type { RpcMessage } from './rpc.ts'
import type { ServerIdentity } from './server-identity.ts'
import { statelessInteraction } from './stateless-interaction.ts'
import { calledTool } from './tool-search.ts'

export interface ToolCallParts {
  readonly callTool: CallTool
  /** Records refused calls in the audit trail. */
  readonly noteAccess?: NoteAccess | undefined
  readonly identity: ServerIdentity
  readonly keyring: Keyring
  readonly clock: Clock
}

export interface ToolCalls {
  /** The result of `tools/call` as JSON. Throws `RpcError` or `Failure` when the call is refused before the tool runs. */
  readonly resultJson: (exchange: Exchange, message: RpcMessage) => Promise<string>
  /** The called tool and its arguments. Throws if the tool is unknown here or outside the caller's scopes. */
  readonly admit: (
    exchange: Pick<Exchange, 'endpoint' | 'principal'> & { readonly requestId?: string },
    message: RpcMessage,
  ) => Admitted
}

/** A tool that the caller may use, and the unvalidated arguments of the call. */
interface Admitted {
  readonly entry: ToolEntry
  readonly args: unknown
}

/** Handles `tools/call`: resolves the tool, calls the kernel's `callTool` and serialises its result. */
export function toolCallResults(parts: ToolCallParts): ToolCalls {
  const { callTool, identity } = parts
  const rounds = roundStates(parts.keyring, parts.clock)

  const admit: ToolCalls['admit'] = ({ endpoint, principal, requestId = '' }, { params }) => {
    const called = calledTool(endpoint.byName, params)
    if (called === undefined) throw unknownTool(params['name'])
    const { entry, args } = called
    if (!mayUseTool(principal, entry)) {
      parts.noteAccess?.(principal, requestId, `tool.${entry.tool.name}`, args, 'forbidden')
    }
    requireTool(principal, entry)
    return called
  }

  const resultJson: ToolCalls['resultJson'] = async (exchange, message) => {
    const { principal, requestId, controller, trace } = exchange
    const { entry, args } = admit(exchange, message)
    const { params } = message
    const call = { principal, requestId, controller, ...(trace !== undefined && { trace }) }
    if (entry.tool.asks !== true) {
      const interaction = statelessInteraction(exchange, params, {})
      const outcome = await callTool(entry, args, { ...call, interaction })
      return callResultJson(exchange, entry, withinScopes(outcome), identity)
    }
    const subject = JSON.stringify([principal.tenantId, principal.actor.id, entry.tool.name, args])
    const answers = { ...rounds.open(params['requestState'], subject), ...responsesIn(params) }
    const interaction = statelessInteraction(exchange, params, answers)
    const outcome = await callTool(entry, args, { ...call, interaction })
    if (outcome.kind === 'questions') return askedJson(outcome, rounds.seal({ subject, answers }))
    if (outcome.kind === 'cannot_ask' && exchange.era.modern) throw missingCapability(outcome.kinds)
    return callResultJson(exchange, entry, withinScopes(outcome), identity)
  }
  return { resultJson, admit }
}

/** Rethrows a failure that names missing scopes, so that the client is challenged to request them (step-up). */
function withinScopes(outcome: ToolOutcome): ToolOutcome {
  if (outcome.kind === 'failed' && outcome.failure.scopesNeeded.length > 0) throw outcome.failure
  return outcome
}

function responsesIn(params: RpcMessage['params']): Readonly<Record<string, unknown>> {
  const responses = params['inputResponses']
  if (responses === undefined) return {}
  if (isRecord(responses)) return responses
  throw new RpcError(200, RPC.invalidParams, 'Invalid params: inputResponses must be an object.')
}

/** The result of a finished call as JSON: the same data as text and as structured content. */
function callResultJson(exchange: Exchange, entry: ToolEntry, outcome: ToolOutcome, identity: ServerIdentity): string {
  const { era } = exchange
  const head = era.modern ? '{"resultType":"complete",' : '{'
  const tail = era.modern ? `,"_meta":${identity.metaJson}}` : '}'
  if (outcome.kind !== 'done') {
    return `${head}"content":[${textContent(errorText(outcome))}],"isError":true${tail}`
  }
  const { present } = entry.tool
  if (present !== undefined) return `${head}"content":${JSON.stringify(present(outcome.output))}${tail}`
  const note = outcome.notes.length === 0 ? '' : `,${textContent(`Note: ${outcome.notes.join('; ')}.`)}`
  const content = `"content":[${textContent(outcome.json)}${note}]`
  if (era.version === '2025-03-26') return `${head}${content}${tail}`
  return `${head}${content},"structuredContent":${outcome.json}${tail}`
}

function textContent(text: string): string {
  return `{"type":"text","text":${JSON.stringify(text)}}`
}

/** The error of a failed call, as JSON that a model can act on. */
export function errorText(outcome: ToolOutcome): string {
  if (outcome.kind === 'failed') {
    const { kind, code, message, problems, retryAfterSeconds } = outcome.failure
    return JSON.stringify({
      error: {
        kind,
        code,
        message,
        ...(problems.length > 0 && { problems }),
        ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
      },
    })
  }
  if (outcome.kind === 'cannot_ask') {
    const message = `The tool has to ask (${outcome.kinds.join(', ')}), and this client cannot be asked.`
    return JSON.stringify({ error: { kind: 'unsupported', code: 'CLIENT_CANNOT_ANSWER', message } })
  }
  const errorId = outcome.kind === 'bug' ? outcome.errorId : undefined
  const message = 'The tool failed unexpectedly. Nothing is known to be wrong with the call; report the error id.'
  return JSON.stringify({ error: { kind: 'internal', code: 'INTERNAL_ERROR', message, errorId } })
}

/** The result that asks the caller: the client sends the call again with the answers and `requestState`. */
function askedJson(outcome: Extract<ToolOutcome, { kind: 'questions' }>, requestState: string): string {
  const inputRequests = Object.fromEntries(
    Object.entries(outcome.questions).map(([key, question]) => [key, inputRequest(question)]),
  )
  return JSON.stringify({ resultType: 'input_required', inputRequests, requestState })
}

function missingCapability(kinds: Extract<ToolOutcome, { kind: 'cannot_ask' }>['kinds']): RpcError {
  const names = kinds.map((kind) => CAPABILITY[kind])
  return new RpcError(
    400,
    RPC.missingCapability,
    `Server requires the ${names.join(', ')} capability for this request`,
    {
      data: { requiredCapabilities: Object.fromEntries(names.map((name) => [name, {}])) },
    },
  )
}

function unknownTool(name: unknown): RpcError {
  const shown = typeof name === 'string' ? name.slice(0, 64) : '(no name)'
  return new RpcError(200, RPC.invalidParams, `Unknown tool: ${shown}`)
}
