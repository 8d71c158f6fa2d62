import { defineConfig } from 'vitest/config'
import { ClosingLines } from './test/support/closing-lines.ts'

export default defineConfig({
  test: {
    globalSetup: ['test/support/global-setup.ts'],
    include: ['{src,test,bench,scripts}/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A worker imports the product once, not once a file: tests leave nothing global behind. All cores work, where the
    // default leaves one of two idle.
    isolate: false,
    maxWorkers: '100%',
    reporters: ['default', new ClosingLines()],
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      exclude: ['src/**/*.test.ts'],
      // Pages are for people: they take several seconds to write.
      reporter: ['text-summary', 'json-summary', ...(process.env['CI'] === undefined ? ['html'] : [])],
      reportOnFailure: true,
      thresholds: { lines: 85 },
    },
  },
})
