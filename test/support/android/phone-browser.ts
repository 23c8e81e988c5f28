import type { Duplex } from 'node:stream'

export type PhoneNetwork = {
  /** A connection to a port; null: the phone has no network. A refused one ends with an error. */
  connect(host: string, port: number): Duplex | null
}

/** An open page; disposing of it is the end of its tab. */
export type PhonePage = AsyncDisposable & {
  /** Another app or the lock screen covers the page, or nothing does any more. */
  hidden(hidden: boolean): Promise<void>
}

export type PhoneBrowser = {
  /** Begins to load a page; resolves without waiting for it. A page that cannot be loaded is a page all the same. */
  open(url: string, network: PhoneNetwork): Promise<PhonePage>
}

/** The browser app of one phone, with at most one tab. What is asked of it is done in order. */
export class BrowserApp {
  readonly #browser: PhoneBrowser
  readonly #network: PhoneNetwork
  #page: PhonePage | null = null
  #url: string | null = null
  #hidden = false
  #work: Promise<void> = Promise.resolve()
  /** What went wrong in the browser, which no command on the phone would tell. */
  readonly errors: unknown[] = []

  constructor(browser: PhoneBrowser, network: PhoneNetwork) {
    this.#browser = browser
    this.#network = network
  }

  /** The address of the open page. */
  get url(): string | null {
    return this.#url
  }

  /** Opens a page in place of another; a page that is open already stays as it is. */
  view(url: string): void {
    if (url === this.#url) return
    this.close()
    this.#url = url
    this.#enqueue(async () => {
      this.#page = await this.#browser.open(url, this.#network)
    })
    if (this.#hidden) this.#enqueue(async () => this.#page?.hidden(true))
  }

  setHidden(hidden: boolean): void {
    if (hidden === this.#hidden) return
    this.#hidden = hidden
    this.#enqueue(async () => this.#page?.hidden(hidden))
  }

  close(): void {
    this.#url = null
    this.#enqueue(async () => {
      const page = this.#page
      this.#page = null
      await page?.[Symbol.asyncDispose]()
    })
  }

  /** Resolves when all that was asked of it is done. */
  settled(): Promise<void> {
    return this.#work
  }

  #enqueue(action: () => Promise<void>): void {
    this.#work = this.#work.then(action).catch((error) => {
      this.errors.push(error)
    })
  }
}
