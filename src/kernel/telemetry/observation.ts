import type { CallTool, ToolCaller } from '../calls/call-tool.ts'
import type { QueryObserver } from '../database/query.ts'
import type { Metrics } from './metrics.ts'
import type { TraceCarrier, Tracing } from './tracing.ts'

/** Records a duration for every statement, and a span when tracing is on. */
export function queryObserver(metrics: Metrics, tracing: Tracing): QueryObserver {
  return {
    started(label) {
      const startedAt = performance.now()
      const ended = tracing.isOn ? tracing.query(label) : undefined
      return (failed) => {
        metrics.query.finished(label, failed, (performance.now() - startedAt) / 1000)
        ended?.(failed)
      }
    },
  }
}

/** Wraps tool calls in a span below the caller's; returns `call` itself when tracing is off. */
export function tracedToolCalls(
  call: CallTool,
  tracing: Tracing,
  carrierOf: (caller: ToolCaller) => TraceCarrier | undefined,
): CallTool {
  if (!tracing.isOn) return call
  return async (entry, args, caller) => {
    const attributes = { 'mcp.tool.name': entry.tool.name, 'plimsoll.request_id': caller.requestId }
    const run = async () => {
      const outcome = await call(entry, args, caller)
      const status = outcome.kind === 'failed' ? outcome.failure.kind : outcome.kind
      tracing.note({ 'plimsoll.outcome': status })
      return outcome
    }
    return tracing.span(`tool ${entry.tool.name}`, attributes, run, carrierOf(caller))
  }
}
