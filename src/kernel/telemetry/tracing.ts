import type { Context, Span, Tracer } from '@opentelemetry/api'
import {
  defaultTextMapGetter,
  defaultTextMapSetter,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base'
import type { Config } from '../config/config.ts'

/** The carrier of a caller's trace context: HTTP headers, or the `_meta` of an MCP request. */
export type TraceCarrier = Readonly<Record<string, unknown>>

export type TraceAttributes = Readonly<Record<string, string | number | boolean>>

export interface Tracing {
  readonly isOn: boolean
  /** Runs `work` inside a span, below the active one or the caller's. A rejection marks the span as failed. */
  span<T>(name: string, attributes: TraceAttributes, work: () => T | Promise<T>, caller?: TraceCarrier): T | Promise<T>
  /** Opens the span of one statement below the active one; call the result when the statement has ended. */
  query(label: string): (failed: boolean) => void
  /** Adds attributes to the active span. */
  note(attributes: TraceAttributes): void
  /** `traceparent` and `tracestate` for a request to a vendor; nothing when there is no active span. */
  outgoing(): Record<string, string>
  /** Sends buffered spans, if the collector accepts them, and stops. */
  close(): Promise<void>
}

export interface TracingOptions {
  readonly settings: Pick<Config['observability'], 'traceEndpoint' | 'traceSampleShare'>
  readonly version: string
}

const NOTHING = () => undefined

/** Timeout of an export, including the last one at shutdown. A collector normally needs milliseconds. */
const EXPORT_MILLISECONDS_MAX = 2000

/** Tracing that is off: it only calls `work`. */
export const noTracing: Tracing = Object.freeze({
  isOn: false,
  span: <T>(_name: string, _attributes: TraceAttributes, work: () => T | Promise<T>) => work(),
  query: () => NOTHING,
  note: NOTHING,
  outgoing: () => ({}),
  close: async () => undefined,
})

/**
 * Creates OpenTelemetry tracing, sent in batches over OTLP/HTTP; `noTracing` unless an endpoint is set. Uses no global
 * state.
 */
export function createTracing({ settings, version }: TracingOptions): Tracing {
  const { traceEndpoint, traceSampleShare } = settings
  if (traceEndpoint === undefined) return noTracing
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'plimsoll', 'service.version': version }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(traceSampleShare) }),
    spanProcessors: [
      new BatchSpanProcessor(
        new OTLPTraceExporter({ url: tracesUrl(traceEndpoint), timeoutMillis: EXPORT_MILLISECONDS_MAX }),
      ),
    ],
  })
  return tracingWith(provider.getTracer('plimsoll', version), () => provider.shutdown())
}

function tracingWith(tracer: Tracer, close: () => Promise<void>): Tracing {
  const contexts = new AsyncLocalStorageContextManager().enable()
  const propagator = new W3CTraceContextPropagator()
  const parentOf = (caller: TraceCarrier | undefined): Context => {
    const active = contexts.active()
    if (caller === undefined || trace.getSpan(active) !== undefined) return active
    return propagator.extract(ROOT_CONTEXT, textOnly(caller), defaultTextMapGetter)
  }
  return {
    isOn: true,
    async span(name, attributes, work, caller) {
      const parent = parentOf(caller)
      const span = tracer.startSpan(name, { kind: SpanKind.SERVER, attributes: { ...attributes } }, parent)
      try {
        return await contexts.with(trace.setSpan(parent, span), work)
      } catch (error) {
        markFailed(span, error)
        throw error
      } finally {
        span.end()
      }
    },
    query(label) {
      const attributes = { 'db.system.name': 'postgresql', 'db.operation.name': label }
      const span = tracer.startSpan(`query ${label}`, { kind: SpanKind.CLIENT, attributes }, contexts.active())
      return (failed) => {
        if (failed) span.setStatus({ code: SpanStatusCode.ERROR })
        span.end()
      }
    },
    note(attributes) {
      trace.getSpan(contexts.active())?.setAttributes({ ...attributes })
    },
    outgoing() {
      const headers: Record<string, string> = {}
      propagator.inject(contexts.active(), headers, defaultTextMapSetter)
      return headers
    },
    async close() {
      // Safe because unsent spans are lost either way and must not fail the shutdown.
      await close().catch(NOTHING)
      contexts.disable()
    },
  }
}

/** Records only the error's name: its message may contain customer data. */
function markFailed(span: Span, error: unknown): void {
  const type = error instanceof Error ? error.name : 'unknown'
  span.setStatus({ code: SpanStatusCode.ERROR, message: type })
  span.setAttribute('error.type', type)
}

function textOnly(carrier: TraceCarrier): Record<string, string> {
  const { traceparent, tracestate } = carrier
  return {
    ...(typeof traceparent === 'string' && { traceparent }),
    ...(typeof tracestate === 'string' && { tracestate }),
  }
}

function tracesUrl(endpoint: string): string {
  return endpoint.endsWith('/v1/traces') ? endpoint : `${endpoint.replace(/\/+$/, '')}/v1/traces`
}
