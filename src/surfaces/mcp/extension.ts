import type { McpServer, ServerCapabilities, ServerEventBus } from '@modelcontextprotocol/server'

/** What an endpoint serves beside tools: prompts, resources, completion. All of it goes through the official SDK. */
export interface McpExtension {
  /** Announced beside the tools. */
  readonly capabilities: ServerCapabilities
  /** Where changes are published for `subscriptions/listen`. */
  readonly bus: ServerEventBus
  /** Registers the handlers on a server made for one request, or for one session. */
  readonly register: (server: McpServer) => void
}
