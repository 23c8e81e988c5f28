import { rm } from 'node:fs/promises'
import type { TestProject } from 'vitest/node'
import { startEmbeddedPostgres } from '../../src/db/embedded/embedded-postgres.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** One embedded server for the whole run; each test file has databases of its own on it. */
export default async function setup(project: TestProject) {
  const dataDir = await temporaryFolder('doai-test-')
  const server = await startEmbeddedPostgres({ dataDir })
  project.provide('databaseServerUrl', server.url)
  return async () => {
    await server.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
}
