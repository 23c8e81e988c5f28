/** Where the API is and who asks. */
export type Connection = {
  /** A controller, such as `http://127.0.0.1:8400`, or several of one lab: each answers for all. */
  url: string | readonly string[]
  /** Null in a browser that is signed in: its cookie says who asks. */
  token: string | null
  /** Another `fetch`, such as one that trusts a certificate authority of your own. */
  fetch?: typeof fetch
}

/** The controllers of one lab; whoever answered last is asked first. */
export class Controllers {
  readonly token: string | null
  readonly fetch: typeof fetch
  #urls: readonly string[]

  constructor({ url, token, fetch = (...asked) => globalThis.fetch(...asked) }: Connection) {
    this.#urls = typeof url === 'string' ? [url] : url
    this.token = token
    this.fetch = fetch
  }

  /** The header that says who asks. */
  get authorization(): Record<string, string> {
    return this.token === null ? {} : { authorization: `Bearer ${this.token}` }
  }

  /** In the order in which they are to be asked. */
  get urls(): readonly string[] {
    return this.#urls
  }

  /** This one did not answer: the others come before it from now on. */
  failed(url: string): void {
    if (this.#urls[0] === url) this.#urls = [...this.#urls.slice(1), url]
  }
}
