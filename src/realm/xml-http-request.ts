import { HandlerTarget } from '../media-element/event-handlers.ts'
import type { PageClock, Timer } from '../media-element/page-clock.ts'
import type { PageNetwork } from './page-network.ts'

const STATE = { unsent: 0, opened: 1, headers: 2, loading: 3, done: 4 } as const

type Progress = { loaded: number; total: number; lengthComputable: boolean }

/** WHATWG's XMLHttpRequest, asynchronous, over the network of a page. */
export class PageXmlHttpRequest extends HandlerTarget {
  readonly #network: PageNetwork
  readonly #clock: PageClock
  responseType: '' | 'text' | 'arraybuffer' | 'json' = ''
  timeout = 0
  withCredentials = false
  readonly upload = new HandlerTarget()
  #state: number = STATE.unsent
  #method = 'GET'
  #url = ''
  #headers = new Headers()
  #response: Response | null = null
  #body: Uint8Array | null = null
  #aborting: AbortController | null = null
  #timer: Timer | null = null

  constructor(network: PageNetwork, clock: PageClock) {
    super()
    this.#network = network
    this.#clock = clock
  }

  get readyState(): number {
    return this.#state
  }

  get status(): number {
    return this.#response?.status ?? 0
  }

  get statusText(): string {
    return this.#response?.statusText ?? ''
  }

  get responseURL(): string {
    return this.#response?.url ?? ''
  }

  get response(): unknown {
    if (this.responseType === '' || this.responseType === 'text') return this.responseText
    if (this.#body === null) return null
    if (this.responseType === 'arraybuffer') return this.#body.buffer
    try {
      return JSON.parse(new TextDecoder().decode(this.#body))
    } catch {
      return null
    }
  }

  get responseText(): string {
    return this.#body === null ? '' : new TextDecoder().decode(this.#body)
  }

  open(method: string, url: string): void {
    this.abort()
    this.#method = method.toUpperCase()
    this.#url = url
    this.#headers = new Headers()
    this.#become(STATE.opened)
  }

  setRequestHeader(name: string, value: string): void {
    this.#headers.append(name, value)
  }

  getResponseHeader(name: string): string | null {
    return this.#response?.headers.get(name) ?? null
  }

  getAllResponseHeaders(): string {
    return [...(this.#response?.headers ?? [])].map(([name, value]) => `${name}: ${value}\r\n`).join('')
  }

  overrideMimeType(): void {}

  send(body: BodyInit | null = null): void {
    const aborting = new AbortController()
    this.#aborting = aborting
    if (this.timeout > 0) {
      this.#timer = this.#clock.after(this.timeout, () => this.#end(aborting, 'timeout'))
    }
    this.#tell('loadstart', { loaded: 0, total: 0, lengthComputable: false })
    this.#load(aborting, body).then(
      () => this.#end(aborting, 'load'),
      () => this.#end(aborting, 'error'),
    )
  }

  abort(): void {
    if (this.#aborting) this.#end(this.#aborting, 'abort')
    this.#state = STATE.unsent
  }

  async #load(aborting: AbortController, body: BodyInit | null): Promise<void> {
    const { signal } = aborting
    const init = { method: this.#method, headers: this.#headers, signal, ...(body === null ? {} : { body }) }
    const response = await this.#network(new Request(this.#url, init))
    if (signal.aborted) return
    this.#response = response
    this.#become(STATE.headers)
    const total = Number(response.headers.get('content-length') ?? 0)
    const pieces: Uint8Array[] = []
    let loaded = 0
    for await (const piece of response.body ?? []) {
      if (signal.aborted) return
      pieces.push(piece)
      loaded += piece.byteLength
      if (this.#state !== STATE.loading) this.#become(STATE.loading)
      this.#tell('progress', { loaded, total, lengthComputable: total > 0 })
    }
    this.#body = new Uint8Array(loaded)
    let at = 0
    for (const piece of pieces) {
      this.#body.set(piece, at)
      at += piece.byteLength
    }
  }

  #end(aborting: AbortController, how: 'load' | 'error' | 'timeout' | 'abort'): void {
    if (this.#aborting !== aborting) return
    this.#aborting = null
    this.#timer?.cancel()
    if (how !== 'load') {
      this.#response = null
      this.#body = null
      aborting.abort()
    }
    this.#become(STATE.done)
    const loaded = this.#body?.byteLength ?? 0
    this.#tell(how, { loaded, total: loaded, lengthComputable: true })
    this.#tell('loadend', { loaded, total: loaded, lengthComputable: true })
  }

  #become(state: number): void {
    this.#state = state
    this.fire('readystatechange')
  }

  #tell(type: string, progress: Progress): void {
    const event = Object.assign(new Event(type), progress)
    const handler: unknown = Reflect.get(this, `on${type}`)
    if (typeof handler === 'function') handler.call(this, event)
    this.dispatchEvent(event)
  }
}
