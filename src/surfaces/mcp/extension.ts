import type { McpServer, ServerCapabilities, ServerEventBus } from '@modelcontextprotocol/server'

/** Prompts, resources or completion that an endpoint serves beside tools, through the official SDK. */
export interface McpExtension {
  /** Server capabilities to announce beside `tools`. */
  readonly capabilities: ServerCapabilities
  /** The bus that publishes changes for `subscriptions/listen`. */
  readonly bus: ServerEventBus
  /** Registers the handlers on an SDK server, which is created for one request or one session. */
  readonly register: (server: McpServer) => void
}
