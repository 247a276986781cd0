import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  // Node loads graphql's CommonJS build, and so must Vite: two builds of it in one process reject each other's schemas.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/services.ts'],
    reporters: ['default', './test/support/skip-reporter.ts'],
    // Limits end what hangs. What is slow may be so because the machine has other work to do.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // Two cores are enough for two files at a time; each has its own database.
    maxWorkers: 2,
    coverage: { provider: 'v8', include: ['src/**'], reporter: ['text-summary', 'html'] },
  },
})
