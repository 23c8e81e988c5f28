import { chmod, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { serve } from '@hono/node-server'
import { startEmbeddedPostgres } from '../db/embedded/embedded-postgres.ts'
import { ANOTHER_DATA, ownDirectory } from '../db/embedded/own-directory.ts'
import { listen } from '../db/listen.ts'
import { migrate } from '../db/migrate.ts'
import { createPool, throughRecovery } from '../db/pool.ts'
import { CHANNELS, type Engine, TERMS } from '../engine/engine.ts'
import { videoListing } from '../engine/listing.ts'
import { originCheck, playableOrigins } from '../engine/origins.ts'
import { Reconciler } from '../engine/reconcile.ts'
import { createToken, findToken, tokenHash } from '../engine/tokens.ts'
import { processStarter } from '../player-process/start-process.ts'
import { Access } from '../server/access.ts'
import { createApp, type Mount } from '../server/app.ts'
import { Calculations } from '../server/calculations.ts'
import { CommandWaiters } from '../server/command-waiters.ts'
import { CurrentOrigins } from '../server/current-origins.ts'
import { EventBell } from '../server/event-stream.ts'
import { LiveLab } from '../server/live-lab.ts'
import { agentRoutes } from '../server/routes/agents.ts'
import { catalogueRoutes } from '../server/routes/catalogue.ts'
import { deviceRoutes } from '../server/routes/devices.ts'
import { planRoutes } from '../server/routes/plans.ts'
import { scheduleRoutes } from '../server/routes/schedules.ts'
import { signInRoutes } from '../server/routes/sign-in.ts'
import { tokenRoutes } from '../server/routes/tokens.ts'
import { workloadRoutes } from '../server/routes/workloads.ts'

import { dashboardFiles } from './dashboard-files.ts'
import { headlessFiles } from './page-files.ts'
import { StreamReader } from './stream-reader.ts'

export type ControllerOptions = {
  dataDir: string
  host: string
  port: number
  /** A PostgreSQL of the operator's own; the embedded one where there is none. */
  databaseUrl: string | null
  /** PEM files; plain HTTP without them. */
  tls?: { certFile: string; keyFile: string } | null
  /** Whether a proxy before it is believed who asks, and whether they speak TLS; it is not if not given. */
  trustsProxy?: boolean
  version: string
  /** Told what takes long before it listens: an upgrade of the database. */
  say?: (line: string) => void
  onError: (error: unknown) => void
}

export type Controller = AsyncDisposable & { url: string; adminToken: string; engine: Engine }

/** Starts a controller: database, migrations, engine and API. Disposing it stops all that it started, in turn. */
export async function startController(options: ControllerOptions): Promise<Controller> {
  await using stack = new AsyncDisposableStack()
  // Before anything is started: a file that cannot be read ends it here.
  const secure = options.tls ? { createServer, serverOptions: await certificate(options.tls) } : { serverOptions: {} }
  const databaseUrl = options.databaseUrl ?? stack.use(await startEmbeddedPostgres(options)).url
  const pool = createPool(databaseUrl)
  stack.defer(() => pool.end())
  await throughRecovery(() => migrate(databaseUrl, { say: options.say ?? (() => {}) }), 'throw')
  const engine: Engine = { pool, now: () => null, terms: TERMS }
  const waiters = new CommandWaiters()
  const origins = new CurrentOrigins(() => playableOrigins(pool))
  const originsChanged = () => {
    origins.changed()
    waiters.wake('*')
  }
  const bell = new EventBell()
  const access = new Access(engine)
  const stopped = new AbortController()
  const { version } = options
  // What fails because it is being stopped is no fault.
  const onError = (error: unknown) => {
    if (!stopped.signal.aborted) options.onError(error)
  }
  const checkOrigin = originCheck(version)
  const streams = stack.use(new StreamReader({ page: headlessFiles, startHost: processStarter(version) }))
  const listVideo = videoListing(engine, checkOrigin, streams.read)
  // Apart from those that people ask for: a forecast must not keep a workload from its next video.
  const plans = stack.use(new Calculations({ workers: 1 }))
  const reconciler = new Reconciler({
    engine,
    listVideo,
    planElsewhere: (devices, limits) =>
      plans.do({ kind: 'batches', devices, limits }, { source: 'engine', signal: stopped.signal }),
    checkOrigin,
    signal: stopped.signal,
    onError,
  })
  const listening = listen({
    url: databaseUrl,
    channels: Object.values(CHANNELS),
    onNotification: (channel, payload) => {
      if (channel === CHANNELS.commands) waiters.wake(payload)
      else if (channel === CHANNELS.origins) originsChanged()
      else if (channel === CHANNELS.events) bell.ring()
      else if (channel === CHANNELS.access) access.changed()
      else reconciler.wake(channel, payload)
    },
    onReconnect: () => {
      access.changed()
      originsChanged()
      bell.ring()
    },
    signal: stopped.signal,
  })
  const running = reconciler.run()
  stack.defer(async () => {
    stopped.abort()
    await Promise.allSettled([running, listening])
  })
  const live = new LiveLab(engine, stopped.signal, onError)
  const calculations = stack.use(new Calculations({ workers: 2 }))
  const routes = (mount: Mount) => {
    catalogueRoutes({ engine, listVideo, checkOrigin }, mount)
    workloadRoutes(engine, version, calculations, mount)
    planRoutes(engine, calculations, mount)
    scheduleRoutes(engine, mount)
    deviceRoutes(engine, mount)
    tokenRoutes(engine, mount)
    signInRoutes(mount)
    agentRoutes(engine, waiters, origins, mount)
  }
  const app = createApp({
    engine,
    version,
    access,
    bell,
    live,
    dashboard: dashboardFiles,
    routes,
    onError,
    trustsProxy: options.trustsProxy ?? false,
  })
  const { port, close } = await bind(app.fetch, options, secure)
  stack.defer(() => {
    stopped.abort()
    return close()
  })
  // Now that it has begun: a start that fails leaves no token behind.
  const adminToken = await throughRecovery(() => keepAdminToken(engine, options.dataDir), 'wait')
  const parts = stack.move()
  return {
    url: `${options.tls ? 'https' : 'http'}://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
    adminToken,
    engine,
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  }
}

/** How long a client may take to send its request, whole and the part before its body; ms. */
const PATIENCE = { requestTimeout: 60_000, headersTimeout: 15_000, connectionsCheckingInterval: 5000 }

async function bind(
  fetch: (request: Request) => Response | Promise<Response>,
  { host, port }: ControllerOptions,
  secure: { serverOptions: object },
) {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const server = serve(
    { fetch, hostname: host, port, ...secure, serverOptions: { ...secure.serverOptions, ...PATIENCE } },
    (address) => resolve(address.port),
  )
  server.once('error', reject)
  const close = async () => {
    const closed = new Promise<void>((done) => server.close(() => done()))
    if ('closeAllConnections' in server) server.closeAllConnections()
    await closed
  }
  return { port: await promise, close }
}

async function certificate({ certFile, keyFile }: { certFile: string; keyFile: string }) {
  const [cert, key] = await Promise.all([readFile(certFile), readFile(keyFile)])
  return { cert, key }
}

/** The first start writes it; later ones find it, and a database that does not know it yet learns it. */
async function keepAdminToken(engine: Engine, dataDir: string): Promise<string> {
  const file = join(dataDir, 'admin-token')
  await ownDirectory(dataDir, 0o755, ANOTHER_DATA)
  const kept = (await readFile(file, 'utf8').catch(() => '')).trim()
  const made = {
    name: `first start on ${hostname()}`,
    role: 'admin',
    workstation: null,
    expiresAt: null,
    createdBy: null,
  } as const
  if (kept !== '' && (await findToken(engine, tokenHash(kept))).kind !== 'unknown') return kept
  const { token } = await createToken(engine, made, kept || undefined)
  await writeFile(file, `${token}\n`, { mode: 0o600 })
  await chmod(file, 0o600)
  return token
}
