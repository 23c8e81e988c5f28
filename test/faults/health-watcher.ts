import { setTimeout as delay } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'

/** How a controller answered: the slowest answer, and how many were asked for. */
export type Health = { slowestMs: number; asked: number }

/**
 * Asks ten times a second whether the controller is there, until it is sent a message. A thread of its own: what the
 * test does besides, such as serving 2,000 manifests, must not be in the figure.
 */
async function watch(url: string): Promise<Health> {
  let stopped = false
  parentPort?.once('message', () => {
    stopped = true
  })
  const health = { slowestMs: 0, asked: 0 }
  while (!stopped) {
    const startMs = performance.now()
    await fetch(`${url}/healthz`).then((response) => response.text())
    health.asked += 1
    health.slowestMs = Math.max(health.slowestMs, performance.now() - startMs)
    await delay(100)
  }
  return health
}

parentPort?.postMessage(await watch(workerData as string))
