import { MODERN_VERSION, isLegacyVersion } from './era.ts'
import type { Exchange } from './exchange.ts'
import { ACCEPTED, resultReply } from './rpc.ts'
import type { Reply, RpcId, RpcMessage } from './rpc.ts'
import type { ServerIdentity } from './server-identity.ts'
import type { ToolCalls } from './tool-call.ts'
import { LIST_TTL_MILLISECONDS, toolLists } from './tool-list.ts'
import type { Endpoint } from './endpoint.ts'

/** Answers the frequent methods; returns undefined for the others, which the SDK answers. */
export type Dispatch = (exchange: Exchange, message: RpcMessage) => Reply | Promise<Reply> | undefined

export function dispatcher(identity: ServerIdentity, toolCalls: ToolCalls): Dispatch {
  const list = toolLists(identity)
  return (exchange, message) => {
    const { id, method, params } = message
    const { endpoint, era, principal } = exchange
    if (id === undefined) return method.startsWith('notifications/') ? ACCEPTED : undefined
    switch (method) {
      case 'tools/call':
        return toolCalls.resultJson(exchange, message).then((json) => resultReply(id, json))
      case 'tools/list':
        return list({ endpoint, principal, era, id, cursor: params['cursor'] })
      case 'server/discover':
        return era.modern ? discovered(id, endpoint, identity) : undefined
      case 'initialize':
        return era.modern ? undefined : initialized(id, params, endpoint, identity)
      case 'ping':
        return era.modern ? undefined : resultReply(id, '{}')
      default:
        return undefined
    }
  }
}

/** The result of `server/discover`: capabilities and instructions for stateless clients. */
function discovered(id: RpcId, endpoint: Endpoint, identity: ServerIdentity): Reply {
  const { instructions } = endpoint
  const capabilities = capabilitiesOf(endpoint)
  const head = JSON.stringify({
    resultType: 'complete',
    supportedVersions: [MODERN_VERSION],
    capabilities,
    ...(instructions !== '' && { instructions }),
    ttlMs: LIST_TTL_MILLISECONDS,
    cacheScope: 'public',
  })
  return resultReply(id, `${head.slice(0, -1)},"_meta":${identity.metaJson}}`)
}

/** The result of `initialize`: the requested revision if it is supported, else the newest that uses `initialize`. */
function initialized(id: RpcId, params: RpcMessage['params'], endpoint: Endpoint, identity: ServerIdentity): Reply {
  const { instructions } = endpoint
  const requested = params['protocolVersion']
  const protocolVersion = isLegacyVersion(requested) ? requested : '2025-11-25'
  const capabilities = capabilitiesOf(endpoint)
  const result = {
    protocolVersion,
    capabilities,
    serverInfo: identity.info,
    ...(instructions !== '' && { instructions }),
  }
  return resultReply(id, JSON.stringify(result))
}

function capabilitiesOf(endpoint: Endpoint): Record<string, unknown> {
  return { ...endpoint.extension?.capabilities, tools: { ...endpoint.extension?.capabilities.tools } }
}
