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
  /** Tells the audit trail whom a tool was refused. */
  readonly noteAccess?: NoteAccess | undefined
  readonly identity: ServerIdentity
  readonly keyring: Keyring
  readonly clock: Clock
}

export interface ToolCalls {
  /** The result of `tools/call`, as JSON. Throws `RpcError` or `Failure` for what is refused before the tool runs. */
  readonly resultJson: (exchange: Exchange, message: RpcMessage) => Promise<string>
  /** The tool that a call names, if it is known here and within the caller's scopes; throws otherwise. */
  readonly admit: (
    exchange: Pick<Exchange, 'endpoint' | 'principal'> & { readonly requestId?: string },
    message: RpcMessage,
  ) => Admitted
}

/** A tool that its caller may use, and the arguments of the call, unchecked. */
interface Admitted {
  readonly entry: ToolEntry
  readonly args: unknown
}

/** `tools/call`: the hot path between the request and the kernel's `callTool`. */
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

/** A tool whose arguments ask for more than its own scope is refused as if it had said so: the caller may step up. */
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

/** The result of a finished call, as JSON: the same facts as text and as structured content. */
function callResultJson(exchange: Exchange, entry: ToolEntry, outcome: ToolOutcome, identity: ServerIdentity): string {
  const { era } = exchange
  const head = era.modern ? '{"resultType":"complete",' : '{'
  const tail = era.modern ? `,"_meta":${identity.metaJson}}` : '}'
  if (outcome.kind !== 'done') {
    return `${head}"content":[{"type":"text","text":${JSON.stringify(errorText(outcome))}}],"isError":true${tail}`
  }
  const { present } = entry.tool
  if (present !== undefined) return `${head}"content":${JSON.stringify(present(outcome.output))}${tail}`
  const content = `"content":[{"type":"text","text":${JSON.stringify(outcome.json)}}]`
  if (era.version === '2025-03-26') return `${head}${content}${tail}`
  return `${head}${content},"structuredContent":${outcome.json}${tail}`
}

/** What went wrong, as JSON that a model can act on. */
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

/** The questions of a round, which end it; the caller brings the answers and the state to the next. */
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
