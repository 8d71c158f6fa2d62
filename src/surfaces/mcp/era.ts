import type { IncomingHttpHeaders } from 'node:http'
import { RPC, RpcError, isRecord } from './rpc.ts'
import type { RpcMessage } from './rpc.ts'
import { requireHeadersAgree } from './standard-headers.ts'

/** The stateless protocol revision: every request carries its version and the client's capabilities in `_meta`. */
export const MODERN_VERSION = '2026-07-28'
/** The protocol revisions that begin with `initialize`, newest first. */
export const LEGACY_VERSIONS = ['2025-11-25', '2025-06-18', '2025-03-26'] as const

export type LegacyVersion = (typeof LEGACY_VERSIONS)[number]

/** The protocol revision of a request and the capabilities of its client. */
export interface Era {
  readonly modern: boolean
  readonly version: typeof MODERN_VERSION | LegacyVersion
  /** The declared client capabilities; for revisions of 2025 known only within a session. */
  readonly capabilities: Readonly<Record<string, unknown>>
}

export const META = {
  protocolVersion: 'io.modelcontextprotocol/protocolVersion',
  clientCapabilities: 'io.modelcontextprotocol/clientCapabilities',
  clientInfo: 'io.modelcontextprotocol/clientInfo',
  logLevel: 'io.modelcontextprotocol/logLevel',
  serverInfo: 'io.modelcontextprotocol/serverInfo',
} as const

const LEGACY: Readonly<Record<LegacyVersion, Era>> = {
  '2025-11-25': { modern: false, version: '2025-11-25', capabilities: {} },
  '2025-06-18': { modern: false, version: '2025-06-18', capabilities: {} },
  '2025-03-26': { modern: false, version: '2025-03-26', capabilities: {} },
}

/**
 * Determines the revision from the body, as the specification requires. Throws `RpcError` when `_meta` is incomplete,
 * contradicts the headers, or names an unsupported revision.
 */
export function eraOf(message: RpcMessage, headers: IncomingHttpHeaders): Era {
  const meta = message.params['_meta']
  const header = headers['mcp-protocol-version']
  const headerVersion = typeof header === 'string' ? header.trim() : undefined
  const claims = isRecord(meta) && META.protocolVersion in meta
  if (claims) return modernEra(message, meta, headers)
  if (headerVersion !== undefined && isModernVersion(headerVersion)) {
    if (message.id === undefined) return { modern: true, version: MODERN_VERSION, capabilities: {} }
    throw missingMeta(isRecord(meta) ? META.protocolVersion : '_meta')
  }
  return legacyEra(headerVersion)
}

/** The revision of a 2025 request: that of its header; without one, the last revision that did not have the header. */
export function legacyEra(headerVersion: string | undefined): Era {
  if (headerVersion === undefined) return LEGACY['2025-03-26']
  if (isLegacyVersion(headerVersion)) return LEGACY[headerVersion]
  throw unsupportedVersion(headerVersion)
}

export function isLegacyVersion(version: unknown): version is LegacyVersion {
  return typeof version === 'string' && Object.hasOwn(LEGACY, version)
}

function modernEra(message: RpcMessage, meta: Record<string, unknown>, headers: IncomingHttpHeaders): Era {
  const version = meta[META.protocolVersion]
  const capabilities = meta[META.clientCapabilities]
  if (typeof version !== 'string') throw missingMeta(META.protocolVersion)
  if (message.id !== undefined) {
    if (!isRecord(capabilities)) throw missingMeta(META.clientCapabilities)
    requireHeadersAgree(message, version, headers)
  }
  if (version !== MODERN_VERSION) throw unsupportedVersion(version)
  return { modern: true, version: MODERN_VERSION, capabilities: isRecord(capabilities) ? capabilities : {} }
}

/** Revisions are dates: every one from the first stateless revision on is stateless. */
function isModernVersion(version: string): boolean {
  return version >= MODERN_VERSION && !isLegacyVersion(version)
}

function missingMeta(key: string): RpcError {
  return new RpcError(400, RPC.invalidParams, `Invalid params: every request of ${MODERN_VERSION} must carry ${key}.`, {
    data: { missing: [key] },
  })
}

function unsupportedVersion(requested: string): RpcError {
  return new RpcError(400, RPC.unsupportedVersion, 'Unsupported protocol version', {
    data: { supported: [MODERN_VERSION], requested: requested.slice(0, 64) },
  })
}
