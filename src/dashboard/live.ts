import { useEffect, useSyncExternalStore } from 'react'
import { ApiError, type LiveDevice, type LiveMessage, type LiveWorkload } from '../client/index.ts'
import { client, queries } from './api.ts'
import { type Connection, LiveStore, type Rack, TOPICS } from './live-store.ts'

export const lab = new LiveStore()

/** Follows the lab while the page is seen; `onRefused` where the controllers let this browser in no more. */
export function useLiveStream(onRefused: (error: ApiError) => void): void {
  useEffect(() => {
    let ending = new AbortController()
    const follow = () => {
      ending.abort()
      ending = new AbortController()
      if (document.visibilityState === 'visible') pump(ending.signal).catch(onFailure)
      else lab.connect({ state: 'connecting' })
    }
    const onFailure = (error: unknown) => {
      if (error instanceof ApiError && [401, 403].includes(error.status)) onRefused(error)
    }
    follow()
    document.addEventListener('visibilitychange', follow)
    return () => {
      document.removeEventListener('visibilitychange', follow)
      ending.abort()
    }
  }, [onRefused])
}

async function pump(signal: AbortSignal): Promise<void> {
  const onConnection = (state: 'heard' | 'lost') => {
    if (signal.aborted) return
    if (state === 'lost') lab.connect({ state: 'lost', since: Date.now() })
  }
  for await (const { kind, message } of client.watchLive({ signal, onConnection })) {
    if (kind === 'lab') lab.take('lab', message)
    else await takeInParts(message, signal)
    if (kind !== 'lab') continue
    const away = lab.connection().state === 'lost'
    lab.connect({ state: 'live' })
    // Whatever was read before may have changed meanwhile.
    if (away) void queries.invalidateQueries()
  }
}

/** So many devices are shown anew in one frame: between them the page answers to whoever uses it. */
const PART = 60

async function takeInParts(message: LiveMessage, signal: AbortSignal): Promise<void> {
  const { devices } = message
  lab.take('change', { ...message, devices: devices.slice(0, PART) })
  for (let from = PART; from < devices.length && !signal.aborted; from += PART) {
    await nextFrame()
    lab.take('change', { ...message, removed: [], workloads: [], devices: devices.slice(from, from + PART) })
  }
}

/** After the frame that is being drawn. */
function nextFrame(): Promise<void> {
  return new Promise((done) => requestAnimationFrame(() => setTimeout(done)))
}

export function useConnection(): Connection {
  return useSyncExternalStore((listener) => lab.subscribe(TOPICS.connection, listener), lab.connection)
}

export function useDevice(id: string): LiveDevice | undefined {
  return useSyncExternalStore(
    (listener) => lab.subscribe(id, listener),
    () => lab.device(id),
  )
}

/** Every device; renders again whenever one of them changes. */
export function useDevices(): readonly LiveDevice[] {
  return useSyncExternalStore((listener) => lab.subscribe(TOPICS.lab, listener), lab.devices)
}

/** Something counted over the lab; renders again when it is another one. */
export function useOfLab<T extends number | string>(read: () => T): T {
  return useSyncExternalStore((listener) => lab.subscribe(TOPICS.lab, listener), read)
}

/** Which devices there are; renders again when one comes or goes. */
export function useRacks(): readonly Rack[] {
  return useSyncExternalStore((listener) => lab.subscribe(TOPICS.lab, listener), lab.racks)
}

export function useLiveWorkload(id: string): LiveWorkload | undefined {
  return useSyncExternalStore(
    (listener) => lab.subscribe(id, listener),
    () => lab.workload(id),
  )
}

export function useLiveWorkloads(): readonly LiveWorkload[] {
  return useSyncExternalStore((listener) => lab.subscribe(TOPICS.workloads, listener), lab.workloads)
}
