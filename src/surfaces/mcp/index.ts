export { createMcpSurface } from './surface.ts'
export type { McpSurface, McpSurfaceOptions } from './surface.ts'
export { serveStdio } from './stdio.ts'
export type { StdioOptions } from './stdio.ts'
