import { describe, expect, it } from 'vitest'
import { boundedCounter, boundedHistogram } from './bounded-metric.ts'
import { metric } from './metric.ts'
import { createMetrics } from './metrics.ts'
import { Histogram, Registry } from 'prom-client'

async function linesOf(exposition: Promise<string>, name: string): Promise<string[]> {
  return (await exposition).split('\n').filter((line) => line.startsWith(name))
}

describe('the metrics of an app', () => {
  it('count tool calls by name and status, and spread their time over buckets', async () => {
    const metrics = createMetrics('1.2.3')
    metrics.tool.started('score')
    metrics.tool.finished('score', 'ok', 0.004)
    metrics.tool.started('score')
    metrics.tool.finished('score', 'not_found', 70)
    const text = await metrics.exposition()
    expect(text).toContain('mcp_tool_execution_total{tool_name="score",status="ok"} 1')
    expect(text).toContain('mcp_tool_execution_total{tool_name="score",status="not_found"} 1')
    expect(text).toContain('mcp_tool_execution_duration_seconds_bucket{le="0.0025",tool_name="score"} 0')
    expect(text).toContain('mcp_tool_execution_duration_seconds_bucket{le="0.005",tool_name="score"} 1')
    expect(text).toContain('mcp_tool_execution_duration_seconds_bucket{le="30",tool_name="score"} 1')
    expect(text).toContain('mcp_tool_execution_duration_seconds_bucket{le="+Inf",tool_name="score"} 2')
    expect(text).toContain('mcp_tool_execution_duration_seconds_sum{tool_name="score"} 70.004')
    expect(text).toContain('mcp_tool_executions_active 0')
  })

  it('have the names and labels that dashboards and alerts ask for', async () => {
    const metrics = createMetrics('1.2.3')
    metrics.query.finished('customers.find', true, 0.01)
    metrics.integration.finished('zendesk', '/tickets', 'ok', 0.2)
    metrics.cache.hit('overview')
    metrics.cache.miss('overview')
    metrics.job.finished('customers.recompute', 'failed', 2)
    metrics.http.finished('GET', '/api/v1/clients/:id', 404, 0.01)
    metrics.rateLimited('ip')
    metrics.failed('http', 'bug')
    metrics.watchPool(() => ({ active: 3, idle: 2, waiting: 1, max: 30 }))
    const text = await metrics.exposition()
    for (const line of [
      'database_query_duration_seconds_count{query_type="customers.find"} 1',
      'database_query_errors_total{query_type="customers.find"} 1',
      'integration_api_calls_total{integration="zendesk",status="ok"} 1',
      'integration_api_duration_seconds_count{integration="zendesk",endpoint="/tickets"} 1',
      'cache_hits_total{cache="overview"} 1',
      'cache_misses_total{cache="overview"} 1',
      'jobs_total{job="customers.recompute",status="failed"} 1',
      'http_requests_total{method="GET",route="/api/v1/clients/:id",status="404"} 1',
      'rate_limit_rejections_total{bucket="ip"} 1',
      'failures_total{surface="http",kind="bug"} 1',
      'database_connections_active 3',
      'database_connections_max 30',
      'plimsoll_build_info{version="1.2.3",',
      'process_resident_memory_bytes ',
      'process_cpu_seconds_total ',
      'nodejs_eventloop_lag_p99_seconds ',
    ]) {
      expect(text).toContain(line)
    }
  })

  it('of two apps in one process do not mix', async () => {
    const [one, two] = [createMetrics('1'), createMetrics('1')]
    one.cache.hit('overview')
    expect(await linesOf(two.exposition(), 'cache_hits_total{')).toEqual([])
  })
})

describe('the metrics of a module', () => {
  it('are counted under the labels they declare', async () => {
    const metrics = createMetrics('1')
    const { holds, tokens, open } = metrics.instruments('ledger', {
      holds: metric.counter('ledger_holds_total', { help: 'Holds by how they ended.', labels: ['outcome', 'meter'] }),
      tokens: metric.histogram('ledger_tokens', { help: 'Tokens of a call.', labels: ['model'], buckets: [10, 100] }),
      open: metric.gauge('ledger_open_holds', { help: 'Holds that are open.' }),
    })
    holds.add({ outcome: 'settled', meter: 'tokens' })
    holds.add({ meter: 'tokens', outcome: 'settled' }, 2)
    tokens.observe({ model: 'small' }, 50)
    open.follow({}, () => 7)
    // @ts-expect-error a label that was not declared is refused by the compiler
    holds.add({ outcome: 'settled', tenant: 'acme' }, 0)
    const text = await metrics.exposition()
    expect(text).toContain('ledger_holds_total{outcome="settled",meter="tokens"} 3')
    expect(text).toContain('ledger_tokens_bucket{le="10",model="small"} 0')
    expect(text).toContain('ledger_tokens_bucket{le="100",model="small"} 1')
    expect(text).toContain('ledger_open_holds 7')
  })

  it('whose name is taken are refused, naming both owners, and none of them is made', async () => {
    const metrics = createMetrics('1')
    const mine = { calls: metric.counter('calls_total', { help: 'Calls.' }) }
    metrics.instruments('one', mine)
    const theirs = { other: metric.counter('other_total', { help: 'Other.' }), ...mine }
    expect(() => metrics.instruments('two', theirs)).toThrow('metric calls_total: by one and by two')
    expect(await metrics.exposition()).not.toContain('other_total')
    const ours = { hits: metric.counter('cache_hits_total', { help: 'Hits.' }) }
    expect(() => metrics.instruments('two', ours)).toThrow('metric cache_hits_total: by kernel and by two')
  })
})

describe('a metric with labels', () => {
  it('is written exactly as prom-client writes its own histogram', async () => {
    const [ours, theirs] = [new Registry(), new Registry()]
    const bounded = boundedHistogram(ours, 'd', 'Help.', ['a', 'b'], [0.1, 1, 10])
    const plain = new Histogram({
      name: 'd',
      help: 'Help.',
      labelNames: ['a', 'b'],
      buckets: [0.1, 1, 10],
      registers: [theirs],
    })
    for (const seconds of [0, 0.1, 0.100001, 1, 5, 10, 11]) {
      bounded('x', 'quo"te\\\n').observe(seconds)
      plain.labels('x', 'quo"te\\\n').observe(seconds)
    }
    expect(await ours.metrics()).toBe(await theirs.metrics())
  })

  it('counts what exceeds its bound of label sets under "other"', async () => {
    const registry = new Registry()
    const count = boundedCounter(registry, 'c', 'Help.', ['a'])
    for (let id = 0; id < 2500; id++) count(`id${id}`).add(1)
    const lines = await linesOf(registry.metrics(), 'c{')
    expect(lines).toHaveLength(2001)
    expect(lines).toContain('c{a="other"} 500')
  })
})
