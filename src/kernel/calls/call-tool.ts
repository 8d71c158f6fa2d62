import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import { argumentProblems } from './argument-problems.ts'
import type { AccessStatus, NoteAccess } from '../audit/access-notes.ts'
import type { OpenContext } from '../context.ts'
import type { Principal } from '../principal.ts'
import { withDeadline } from './deadline.ts'
import { Failure } from '../failure.ts'
import { CannotAsk, QuestionsOpen, unattended } from './interaction.ts'
import type { Interaction, Question } from './interaction.ts'
import { reread } from './lenient-arguments.ts'
import { requireTool } from './permission.ts'
import { valueProblems } from './value-problems.ts'
import type { ToolEntry } from './tool-catalogue.ts'
import type { TraceCarrier } from '../telemetry/tracing.ts'

export interface ToolCallOptions {
  readonly openContext: OpenContext
  readonly settings: {
    readonly toolTimeoutSeconds: number
    readonly resultCharactersMax: number
    /** Validate every result against its full schema; for tests and development. */
    readonly checkResults: boolean
  }
  readonly observer: ToolCallObserver
  /** Records calls in the audit trail. */
  readonly noteAccess?: NoteAccess
  readonly log: Logger
}

/** Called for every tool call; must not throw. */
export interface ToolCallObserver {
  started(toolName: string): void
  finished(toolName: string, status: ToolCallStatus, seconds: number): void
}

/** `bug`: an unexpected error; `asked`: the call ended with questions to the caller. */
export type ToolCallStatus = AccessStatus

export interface ToolCaller {
  readonly principal: Principal
  readonly requestId: string
  /** Aborted by the surface when the caller disconnects, and by the call at its deadline. */
  readonly controller: AbortController
  readonly interaction?: Interaction
  /** The carrier of the caller's trace context: HTTP headers, or the `_meta` of an MCP request. */
  readonly trace?: TraceCarrier
}

export type ToolOutcome =
  | {
      readonly kind: 'done'
      readonly output: Record<string, unknown>
      readonly json: string
      /** What was read otherwise than sent: `limit was sent as text and is read as number`. */
      readonly notes: readonly string[]
    }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'bug'; readonly errorId: string }
  | { readonly kind: 'questions'; readonly questions: Readonly<Record<string, Question>> }
  | { readonly kind: 'cannot_ask'; readonly kinds: readonly Question['kind'][] }

export type CallTool = (entry: ToolEntry, args: unknown, caller: ToolCaller) => Promise<ToolOutcome>

/**
 * Calls a tool, for every surface: checks scope and arguments, runs it within its deadline and bounds its result. Never
 * throws: the outcome holds what the caller may know; an unexpected error is logged under the id in the outcome.
 */
export function toolCalls(options: ToolCallOptions): CallTool {
  const { observer, log, noteAccess } = options
  return async (entry, args, caller) => {
    const { name } = entry.tool
    const startedAt = performance.now()
    observer.started(name)
    let outcome: ToolOutcome
    try {
      outcome = await run(options, entry, args, caller)
    } catch (error) {
      outcome = outcomeOf(error, name, caller, log)
    }
    const status = statusOf(outcome)
    observer.finished(name, status, (performance.now() - startedAt) / 1000)
    noteAccess?.(caller.principal, caller.requestId, `tool.${name}`, args, status)
    return outcome
  }
}

async function run(
  options: ToolCallOptions,
  entry: ToolEntry,
  args: unknown,
  caller: ToolCaller,
): Promise<ToolOutcome> {
  const { tool } = entry
  const { settings } = options
  requireTool(caller.principal, entry)
  const { data, notes } = readArguments(entry, args ?? {})
  const { controller, requestId, interaction = unattended } = caller
  const output = await withDeadline(controller, 'tool', tool.timeoutSeconds ?? settings.toolTimeoutSeconds, () =>
    tool.run(options.openContext(caller.principal, { requestId, signal: controller.signal }), data, interaction),
  )
  if (settings.checkResults) requireResultShape(entry, output)
  const json = JSON.stringify(output)
  if (json.length > settings.resultCharactersMax) throw tooLarge(json.length, settings.resultCharactersMax)
  return { kind: 'done', output, json, notes }
}

/** The validated arguments of a call, and notes on those that had another form. Throws `Failure('invalid')`. */
function readArguments({ input, tool }: ToolEntry, args: unknown) {
  const strict = input.safeParse(args)
  const again = strict.success ? undefined : reread(args, strict.error)
  const lenient = again === undefined ? strict : input.safeParse(again.args)
  const parsed = lenient.success ? lenient : strict
  const problems = parsed.success ? valueProblems(again?.args ?? args) : argumentProblems(input, parsed.error)
  if (parsed.success && problems.length === 0) return { data: parsed.data, notes: again?.notes ?? [] }
  const message = `The arguments of ${tool.name} are wrong. Correct them and call again.`
  throw new Failure('invalid', message, { problems })
}

function requireResultShape(entry: ToolEntry, output: unknown): void {
  const checked = entry.tool.output.safeParse(output)
  if (checked.success) return
  const where = checked.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')
  throw new Error(`The result of ${entry.tool.name} does not match its own schema: ${where}`)
}

function tooLarge(characters: number, charactersMax: number): Failure {
  return new Failure(
    'too_large',
    `The result has ${characters} characters and at most ${charactersMax} are sent. Ask for less: narrow the filter, lower the limit and go on by offset or cursor, or ask for the concise format.`,
  )
}

function outcomeOf(error: unknown, toolName: string, caller: ToolCaller, log: Logger): ToolOutcome {
  if (error instanceof QuestionsOpen) return { kind: 'questions', questions: error.questions }
  if (error instanceof CannotAsk) return { kind: 'cannot_ask', kinds: error.kinds }
  const { requestId } = caller
  if (error instanceof Failure) {
    if (error.cause !== undefined) log.warn({ err: error.cause, toolName, requestId, kind: error.kind }, error.message)
    return { kind: 'failed', failure: error }
  }
  const errorId = randomUUID()
  log.error({ err: error, errorId, toolName, requestId }, 'tool call failed unexpectedly')
  return { kind: 'bug', errorId }
}

function statusOf(outcome: ToolOutcome): ToolCallStatus {
  if (outcome.kind === 'done') return 'ok'
  if (outcome.kind === 'failed') return outcome.failure.kind
  return outcome.kind === 'bug' ? 'bug' : 'asked'
}
