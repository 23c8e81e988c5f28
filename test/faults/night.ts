import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from '../../src/client/index.ts'
import type { MediaServer } from '../support/media-server.ts'

/** Workloads that keep a lab busy while faults are made; `accepted` are those that a controller said it has. */
export type Night = { accepted: string[]; stop(): Promise<void> }

const FAULTS = [null, null, null, 'player', 'device', 'lost', 'content']

/**
 * Creates and starts short workloads, so many at a time, until it is stopped: well ones, ones whose devices fail, ones
 * in two batches, and now and then one that is paused and resumed or cancelled.
 */
export function startNight(client: Client, media: MediaServer, draw: () => number, atOnce: number): Night {
  const accepted: string[] = []
  const stopping = new AbortController()
  const worker = async () => {
    while (!stopping.signal.aborted) {
      const id = await begin(client, media, draw).catch(() => null)
      if (id === null) await delay(200)
      else accepted.push(id)
      if (id !== null) await through(client, id, draw, stopping.signal)
    }
  }
  const workers = [...Array.from({ length: atOnce }, worker), release(client, stopping.signal)]
  return {
    accepted,
    async stop() {
      stopping.abort()
      await Promise.all(workers)
    },
  }
}

/** Devices whose faults quarantine them are released, as by a person: else the lab would soon be idle. */
async function release(client: Client, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { items } = await client.getDevices().catch(() => ({ items: [] }))
    for (const { id, status } of items) if (status === 'quarantined') await client.releaseDevice(id).catch(() => {})
    await delay(1000, undefined, { signal }).catch(() => {})
  }
}

async function begin(client: Client, media: MediaServer, draw: () => number): Promise<string> {
  const fault = FAULTS[Math.floor(draw() * FAULTS.length)]
  const url = `${media.video('night')}?n=${Math.floor(draw() * 50)}${fault ? `&fault=${fault}` : ''}`
  const { id: videoId } = await client.createVideo({ url })
  const { id } = await client.createWorkload({
    name: `a night (${fault ?? 'well'})`,
    videoIds: [videoId],
    batchConfig: {
      batchSizePercent: draw() < 0.3 ? 50 : 100,
      batchIntervalSeconds: 10,
      retryDelaySeconds: 1,
      maxRetries: 1,
      commandTimeoutSeconds: 20,
    },
    watchConfig: { watchDurationMin: 1, watchDurationMax: 4 },
  })
  return id
}

/** Starts it and follows it to its end; requests that a fault swallows are asked again, as a person would. */
async function through(client: Client, id: string, draw: () => number, signal: AbortSignal): Promise<void> {
  const what = draw()
  let asked = false
  while (!signal.aborted) {
    try {
      const { status } = await client.getWorkload(id)
      if (['completed', 'cancelled', 'error'].includes(status)) return
      if (status === 'pending' || status === 'paused') await client.startWorkload(id)
      else if (status === 'executing' && !asked && what < 0.15) {
        await client.pauseWorkload(id, { mode: what < 0.07 ? 'now' : 'drain' })
        asked = true
      } else if (status === 'executing' && !asked && what > 0.95) {
        await client.cancelWorkload(id)
        asked = true
      }
    } catch {
      // It is away, or what was asked before was done after all: look again.
    }
    await delay(300)
  }
}

/** Brings every accepted workload to its end; gives those that do not get there. */
export async function finish(client: Client, accepted: readonly string[], ms: number): Promise<string[]> {
  const deadline = performance.now() + ms
  let open = [...accepted]
  while (open.length > 0 && performance.now() < deadline) {
    const rest: string[] = []
    for (const id of open) {
      const status = (await client.getWorkload(id).catch(() => null))?.status ?? 'unknown'
      if (['completed', 'cancelled', 'error'].includes(status)) continue
      if (status === 'pending' || status === 'paused') await client.startWorkload(id).catch(() => {})
      rest.push(id)
    }
    open = rest
    if (open.length > 0) await delay(500)
  }
  return open
}
