import { defineConfig } from 'vitest/config'

const real = {
  globalSetup: ['test/support/global-setup.ts'],
  environment: 'node',
  testTimeout: 300_000,
  hookTimeout: 60_000,
  maxWorkers: 1,
}
// They wait more than they work.
const faults = { ...real, include: ['test/faults/**/*.test.ts'], maxWorkers: 4, testTimeout: 600_000 }

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['src/**/*.test.ts', 'test/histories/*.test.ts'], environment: 'node' } },
      {
        test: {
          ...real,
          name: 'integration',
          include: ['test/{integration,model,system}/**/*.test.ts'],
          maxWorkers: 2,
        },
      },
      // Real time and real decoders: two at once leave each its own core.
      { test: { ...real, name: 'players', include: ['test/players/*.test.ts'], maxWorkers: 2 } },
      { test: { ...real, name: 'dashboard', include: ['test/dashboard/*.test.ts'], maxWorkers: 3 } },
      // Whole nights in real time, minutes each: `npm run test:nights`.
      { test: { ...real, name: 'nights', include: ['test/nights/*.test.ts'], testTimeout: 900_000 } },
      { test: { ...faults, name: 'faults', provide: { long: false } } },
      { test: { ...faults, name: 'faults-long', provide: { long: true }, maxWorkers: 1, testTimeout: 3_600_000 } },
    ],
  },
})
