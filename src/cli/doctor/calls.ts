import { z } from 'zod'
import { attempt, shown } from './finding.ts'
import type { Findings } from './finding.ts'
import { mcpCaller } from './rpc.ts'
import type { McpCaller, RpcAnswer } from './rpc.ts'

const Initialized = z.object({
  protocolVersion: z.string(),
  serverInfo: z.object({ name: z.string(), version: z.string() }),
})
const Tool = z.object({
  name: z.string(),
  inputSchema: z.object({ required: z.array(z.string()).optional() }),
  annotations: z.object({ readOnlyHint: z.boolean().optional() }).optional(),
})
const ToolList = z.object({ tools: z.array(Tool) })
const CallResult = z.object({ isError: z.boolean().optional() })

const WHAT_TO_DO = 'Check the log of the server.'

export interface CallOptions {
  readonly url: string
  readonly token: string | undefined
  /** The tool to call without arguments. Default: a read-only tool that needs none. */
  readonly tool: string | undefined
  readonly timeoutSeconds: number
}

/** Checks the MCP calls: `initialize`, `tools/list`, and `tools/call` of a read-only tool. */
export async function examineCalls(findings: Findings, options: CallOptions): Promise<void> {
  const caller = mcpCaller(options.url, options.token, options.timeoutSeconds)
  const answer = await attempt(findings, 'initialize', WHAT_TO_DO, caller.initialize)
  if (answer === undefined || !isServed(findings, 'initialize', answer)) return
  const initialized = Initialized.safeParse(answer.result)
  if (!initialized.success) {
    findings.problem(
      'initialize',
      `The answer to initialize lacks required fields: ${shown(answer.error ?? answer.result)}`,
      WHAT_TO_DO,
    )
    return
  }
  const { protocolVersion, serverInfo } = initialized.data
  findings.ok('initialize', `${shown(serverInfo.name)} ${shown(serverInfo.version)} speaks ${shown(protocolVersion)}.`)
  await attempt(findings, 'initialize', WHAT_TO_DO, caller.initialized)
  await examineDiscovery(findings, caller)
  const listed = await attempt(findings, 'tools/list', WHAT_TO_DO, () => caller.legacy('tools/list', {}))
  if (listed === undefined || !isServed(findings, 'tools/list', listed)) return
  const list = ToolList.safeParse(listed.result)
  if (!list.success) {
    findings.problem(
      'tools/list',
      `The answer to tools/list has no list of tools: ${shown(listed.error ?? '')}`,
      WHAT_TO_DO,
    )
    return
  }
  const { tools } = list.data
  if (tools.length === 0)
    findings.note('tools/list', 'The list of tools is empty. Check that the token has the scopes the tools need.')
  else findings.ok('tools/list', `${tools.length} tools.`)
  await callOne(findings, caller, tools, options.tool)
}

async function examineDiscovery(findings: Findings, caller: McpCaller): Promise<void> {
  const answer = await attempt(findings, 'server/discover', WHAT_TO_DO, () => caller.modern('server/discover', {}))
  if (answer === undefined) return
  if (answer.status === 200 && answer.result !== undefined)
    findings.ok('server/discover', 'The server also supports 2026-07-28.')
  else
    findings.note('server/discover', 'The server does not support 2026-07-28; clients fall back to an older revision.')
}

async function callOne(
  findings: Findings,
  caller: McpCaller,
  tools: readonly z.output<typeof Tool>[],
  wanted: string | undefined,
): Promise<void> {
  const isHarmless = ({ annotations, inputSchema }: z.output<typeof Tool>) =>
    annotations?.readOnlyHint === true && (inputSchema.required ?? []).length === 0
  const name = wanted ?? tools.find(isHarmless)?.name
  if (name === undefined) {
    findings.skipped('tools/call', 'No tool is read-only and callable without arguments. Name one with --call.')
    return
  }
  const answer = await attempt(findings, 'tools/call', WHAT_TO_DO, () =>
    caller.legacy('tools/call', { name, arguments: {} }),
  )
  if (answer === undefined || !isServed(findings, 'tools/call', answer)) return
  const result = CallResult.safeParse(answer.result)
  if (result.success && result.data.isError !== true) findings.ok('tools/call', `${shown(name)} answered.`)
  else findings.problem('tools/call', `${shown(name)} failed: ${shown(answer.error ?? answer.result)}`, WHAT_TO_DO)
}

/** Whether the answer has status 200; any other status is reported as a problem. */
function isServed(findings: Findings, step: string, { status, headers }: RpcAnswer): boolean {
  if (status === 401) {
    const said = headers.get('www-authenticate') ?? 'without a reason'
    findings.problem(
      step,
      `The token is refused: ${shown(said)}`,
      'Compare this reason with the audience, issuer and expiry of the token.',
    )
    return false
  }
  if (status === 403) {
    const said = headers.get('www-authenticate') ?? 'without a reason'
    findings.problem(step, `The token lacks permissions: ${shown(said)}`, 'Get a token with the scopes named there.')
    return false
  }
  if (status === 200) return true
  findings.problem(step, `${step} is answered with ${status}.`, WHAT_TO_DO)
  return false
}
