import { setTimeout as delay } from 'node:timers/promises'
import { type FaultyProxy, type PathFault, startFaultyProxy } from '../support/faulty-proxy.ts'

const FAULTS: PathFault[] = ['cut', 'silent', 'slow', 'twice', 'half', 'well']
/** Longer than a lease lives. */
const SILENCE_MS = 33_000

/** The paths by which agents reach controllers. */
export class Paths implements AsyncDisposable {
  readonly #proxies: FaultyProxy[] = []

  /** Gives the url of a path to a controller. */
  readonly reach = async (url: string): Promise<string> => {
    const proxy = await startFaultyProxy(url)
    this.#proxies.push(proxy)
    return proxy.url
  }

  /** Gives each path one fault after another, 0.5–4.5 s each; after the last all are well. */
  async disturb(spans: number, draw: () => number): Promise<void> {
    for (let at = 0; at < spans; at++) {
      for (const proxy of this.#proxies) proxy.become(FAULTS[Math.floor(draw() * FAULTS.length)] ?? 'well')
      await delay(500 + 4000 * draw())
    }
    this.#all('well')
  }

  /** Nothing passes for longer than a lease lives. */
  async silence(): Promise<void> {
    this.#all('silent')
    await delay(SILENCE_MS)
    this.#all('well')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const proxy of this.#proxies) await proxy[Symbol.asyncDispose]()
  }

  #all(fault: PathFault): void {
    for (const proxy of this.#proxies) proxy.become(fault)
  }
}
