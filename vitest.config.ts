import { defineConfig } from 'vitest/config'

const real = {
  globalSetup: ['test/support/global-setup.ts'],
  environment: 'node',
  testTimeout: 300_000,
  hookTimeout: 60_000,
  maxWorkers: 1,
}
/** They wait more than they work. */
const patient = { ...real, maxWorkers: 4, testTimeout: 600_000 }
const patientPlayers = 'test/players/{headless,simulated,phone-faults}.test.ts'

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['src/**/*.test.ts', 'test/{histories,mutations}/*.test.ts'],
          environment: 'node',
        },
      },
      {
        test: {
          ...real,
          name: 'integration',
          include: ['test/{integration,model,system}/**/*.test.ts'],
          maxWorkers: 3,
        },
      },
      // Real time and real decoders: two at once leave each its own core.
      {
        test: {
          ...real,
          name: 'players',
          include: ['test/players/*.test.ts'],
          exclude: [patientPlayers],
          maxWorkers: 2,
        },
      },
      {
        test: {
          ...patient,
          name: 'patient',
          include: ['test/{faults,dashboard}/*.test.ts', patientPlayers],
          provide: { long: false },
        },
      },
      // Whole nights in real time, minutes each: `npm run test:nights`.
      { test: { ...real, name: 'nights', include: ['test/nights/*.test.ts'], testTimeout: 900_000 } },
      {
        test: {
          ...patient,
          name: 'faults-long',
          include: ['test/faults/*.test.ts'],
          provide: { long: true },
          maxWorkers: 1,
          testTimeout: 3_600_000,
        },
      },
    ],
  },
})
