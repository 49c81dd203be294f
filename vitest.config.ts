import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/slow/**'],
    // better-sqlite3 is a native addon: processes, not threads.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
  },
})
