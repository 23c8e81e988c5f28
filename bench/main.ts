import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedPostgres } from '../src/db/embedded/embedded-postgres.ts'
import { benchDelivery } from './delivery.ts'
import { administer, benchDispatch } from './dispatch.ts'

const quick = process.argv.includes('--quick')
const SIZES = [
  { size: { workstations: 10, devices: 15 }, runs: quick ? 5 : 9 },
  { size: { workstations: 20, devices: 500 }, runs: quick ? 3 : 5 },
  ...(quick ? [] : [{ size: { workstations: 200, devices: 500 }, runs: 3 }]),
]

const dataDir = await mkdtemp(join(tmpdir(), 'doai-bench-'))
await chmod(dataDir, 0o755)
const server = await startEmbeddedPostgres({ dataDir })
try {
  const memory = Math.round(totalmem() / 2 ** 30)
  console.log(
    `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim()}, ${memory} GiB, embedded PostgreSQL`,
  )
  for (const { size, runs } of SIZES) await benchDispatch(server.url, size, runs)
  await administer(server.url, 'CREATE DATABASE delivery')
  await benchDelivery(server.url.replace(/\/postgres$/, '/delivery'), quick ? 10 : 40)
} finally {
  await server.stop()
  await rm(dataDir, { recursive: true, force: true })
}
