import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { LongestFirst } from './test/support/longest-first.ts'

// Tests start hundreds of processes, and most of what a short one does is to compile the same modules.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules', '.cache', 'compiled')

const real = {
  globalSetup: ['test/support/global-setup.ts'],
  environment: 'node',
  // A process runs one file after the other and loads each module once: to load them anew was a fifth of all work.
  isolate: false,
  testTimeout: 600_000,
  // What is waited for comes on a slow machine too.
  expect: { poll: { timeout: 120_000 } },
  hookTimeout: 300_000,
  // Node imports the sources itself, as it does for users: nothing is transformed, and what it compiled is kept.
  experimental: { viteModuleRunner: false },
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'test/{histories,mutations}/*.test.ts'],
          setupFiles: ['test/support/seed.ts'],
          environment: 'node',
          testTimeout: 120_000,
          isolate: false,
          maxWorkers: 2,
        },
      },
      // More at once than there are processors: most of the time they wait for players, leases and one another's clocks.
      {
        test: {
          ...real,
          name: 'integration',
          include: ['test/{integration,model,system,players,faults,dashboard}/**/*.test.ts'],
          setupFiles: ['test/support/seed.ts'],
          maxWorkers: 5,
          provide: { long: false },
        },
      },
      // Whole nights in real time, minutes each: `npm run test:nights`.
      {
        test: {
          ...real,
          name: 'nights',
          include: ['test/nights/*.test.ts'],
          testTimeout: 900_000,
          maxWorkers: 1,
          provide: { long: true },
        },
      },
      {
        test: {
          ...real,
          name: 'long',
          include: [
            'test/{faults,long,model,dashboard}/*.test.ts',
            'test/players/{live,media-element,origins,streams}.test.ts',
            'test/integration/stream-reader.test.ts',
            'src/**/*.test.ts',
          ],
          provide: { long: true },
          maxWorkers: 1,
          testTimeout: 3_600_000,
        },
      },
    ],
  },
})
