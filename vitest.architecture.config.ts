import { defineConfig } from 'vitest/config'
import { ClosingLines } from './test/support/closing-lines.ts'

// The rules of the tree, on its text alone: no database, no server.
export default defineConfig({
  test: {
    include: ['test/architecture/**/*.test.ts'],
    testTimeout: 60_000,
    reporters: ['dot', new ClosingLines()],
  },
})
