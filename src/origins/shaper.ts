import { Transform } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'

/** A path as a test wants it. */
export type Shape = {
  /** Kilobits per second of all connections together, downwards. */
  kbps: number
  /** Added to everything that comes down, ms. */
  delayMs: number
}

/** Bytes that pass at once: small enough that a slow path looks like one. */
const PIECE_BYTES = 4096

/** Makes what comes down through several connections as slow as one path that they share. */
export class Shaper {
  readonly #shape: Shape
  #freeAtMs = 0

  constructor(shape: Shape) {
    this.#shape = shape
  }

  /** A stage for one connection. */
  stage(): Transform {
    const { delayMs } = this.#shape
    let last: Promise<void> = Promise.resolve()
    const stage: Transform = new Transform({
      transform: async (chunk: Buffer, _, done) => {
        for (let at = 0; at < chunk.byteLength; at += PIECE_BYTES) {
          const piece = chunk.subarray(at, at + PIECE_BYTES)
          await this.#pass(piece.byteLength)
          const arrived = delay(delayMs)
          last = Promise.all([last, arrived]).then(() => {
            stage.push(piece)
          })
        }
        done()
      },
      flush: (done) => {
        last.then(() => done())
      },
    })
    return stage
  }

  async #pass(bytes: number): Promise<void> {
    const now = performance.now()
    this.#freeAtMs = Math.max(now, this.#freeAtMs) + (bytes * 8) / this.#shape.kbps
    await delay(this.#freeAtMs - now)
  }
}
