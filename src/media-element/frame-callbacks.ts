import type { MediaHost } from './media-host.ts'
import type { Timer } from './page-clock.ts'

export type FrameCallback = (now: number, metadata: Record<string, number>) => void
/** The frame that is shown now; its width is 0 where there is no picture. */
type Frame = { mediaTime: number; width: number; height: number }

/** `requestVideoFrameCallback`: each callback is called once, when the next frame is shown. */
export class FrameCallbacks {
  readonly #host: MediaHost
  readonly #shown: () => Frame
  readonly #waiting = new Map<number, FrameCallback>()
  #ids = 0
  #presented = 0
  #timer: Timer | null = null

  constructor(host: MediaHost, shown: () => Frame) {
    this.#host = host
    this.#shown = shown
  }

  request(callback: FrameCallback): number {
    this.#ids += 1
    this.#waiting.set(this.#ids, callback)
    return this.#ids
  }

  cancel(id: number): void {
    this.#waiting.delete(id)
  }

  /** Calls the waiting callbacks after `ms`, when the next frame is shown. Does nothing if that is scheduled already. */
  frameIn(ms: number): void {
    if (this.#timer !== null || this.#waiting.size === 0) return
    this.#timer = this.#host.clock.after(ms, () => {
      this.#timer = null
      const frame = this.#shown()
      if (frame.width > 0) this.#call(frame)
    })
  }

  #call(frame: Frame): void {
    this.#presented += 1
    const now = this.#host.clock.now()
    const callbacks = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const callback of callbacks) {
      callback(now, { presentedFrames: this.#presented, presentationTime: now, expectedDisplayTime: now, ...frame })
    }
  }
}
