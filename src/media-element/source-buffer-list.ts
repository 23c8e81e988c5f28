import { HandlerTarget } from './event-handlers.ts'
import { type MediaHost, queueTask } from './media-host.ts'
import type { SourceBuffer } from './source-buffer.ts'

/** W3C Media Source Extensions, SourceBufferList. */
export class SourceBufferList extends HandlerTarget {
  readonly #host: MediaHost
  readonly #buffers: SourceBuffer[] = [];
  [index: number]: SourceBuffer

  constructor(host: MediaHost) {
    super()
    this.#host = host
  }

  get length(): number {
    return this.#buffers.length
  }

  [Symbol.iterator](): IterableIterator<SourceBuffer> {
    return this.#buffers.values()
  }

  has(buffer: SourceBuffer): boolean {
    return this.#buffers.includes(buffer)
  }

  add(buffer: SourceBuffer): void {
    this.#buffers.push(buffer)
    this.#changed('addsourcebuffer')
  }

  delete(buffer: SourceBuffer): void {
    const at = this.#buffers.indexOf(buffer)
    if (at === -1) return
    this.#buffers.splice(at, 1)
    this.#changed('removesourcebuffer')
  }

  #changed(type: string): void {
    for (const [at, buffer] of this.#buffers.entries()) this[at] = buffer
    delete this[this.#buffers.length]
    queueTask(this.#host, () => this.fire(type))
  }
}
