import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { startEmbeddedPostgres } from '../../src/db/embedded/embedded-postgres.ts'

/** One embedded server for the whole run; each test file has databases of its own on it. */
export default async function setup(project: TestProject) {
  const dataDir = await mkdtemp(join(tmpdir(), 'doai-test-'))
  await chmod(dataDir, 0o755)
  const server = await startEmbeddedPostgres({ dataDir })
  project.provide('databaseServerUrl', server.url)
  return async () => {
    await server.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
}
