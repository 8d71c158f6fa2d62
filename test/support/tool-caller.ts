import { toolCalls } from '#kernel/calls/call-tool'
import type { ToolOutcome } from '#kernel/calls/call-tool'
import type { Scope } from '#kernel/principal'
import type { Clock } from '#kernel/clock'
import type { Tool } from '#kernel/calls/tool'
import { compileCatalogue } from '#kernel/calls/tool-catalogue'
import { quiet } from './database.ts'
import type { TestTenant } from './tenant.ts'

interface CallOptions {
  readonly scopes?: readonly Scope[]
  readonly clock?: Clock
  readonly userId?: string
}

/** Calls tools like a surface: checks scope and arguments, runs the tool, and checks the result against its schema. */
export function toolCaller(tools: readonly Tool[]) {
  const catalogue = compileCatalogue([{ name: 'test', title: 'Test', instructions: 'Test.', toolsets: { all: tools } }])
  return async (tenant: TestTenant, name: string, args: unknown, options: CallOptions = {}): Promise<ToolOutcome> => {
    const entry = catalogue.byName.get(name)
    if (entry === undefined) throw new Error(`no tool ${name}`)
    const ctx = tenant.ctx(options)
    const call = toolCalls({
      openContext: (_principal, { signal }) => tenant.ctx({ ...options, signal }),
      settings: { toolTimeoutSeconds: 30, resultCharactersMax: 50_000, checkResults: true },
      observer: { started: () => undefined, finished: () => undefined },
      log: quiet,
    })
    return call(entry, args, { principal: ctx, requestId: 'req_test', controller: new AbortController() })
  }
}

/** The result of a successful call; throws the failure otherwise. */
export function resultOf(outcome: ToolOutcome): Record<string, unknown> {
  if (outcome.kind === 'done') return outcome.output
  if (outcome.kind === 'failed') throw outcome.failure
  throw new Error(`the call ended as ${outcome.kind}`)
}
