import type { PageAnswer, PageReport } from '../protocol/player-messages.ts'

const EVERY_MS = 1000
/** An answer that takes longer is given up, and what it was to carry is said again. */
const ANSWER_MS = 5000

/** Tells the agent what happens, once a second and at once where it matters; repeats what was not answered. */
export class Reporter {
  readonly #url: string
  readonly #report: (first: number) => Omit<PageReport, 'seq' | 'first'>
  readonly #onAnswer: (answer: Pick<PageAnswer, 'stop'> & Partial<PageAnswer>) => void
  #seq = 0
  #have = 0
  #sending = false
  #again = false
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(
    url: string,
    report: (first: number) => Omit<PageReport, 'seq' | 'first'>,
    onAnswer: (answer: Pick<PageAnswer, 'stop'> & Partial<PageAnswer>) => void,
  ) {
    this.#url = url
    this.#report = report
    this.#onAnswer = onAnswer
    // The last words of a page that is hidden, closed or frozen: nobody hears the answer.
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) navigator.sendBeacon(this.#url, this.#next())
    })
  }

  #next(): string {
    return JSON.stringify({ seq: this.#seq++, first: this.#have, ...this.#report(this.#have) } satisfies PageReport)
  }

  /** Says what is new now, and from then on every second. */
  async send(): Promise<void> {
    if (this.#sending) {
      this.#again = true
      return
    }
    this.#sending = true
    clearTimeout(this.#timer)
    do {
      this.#again = false
      await this.#post().catch(() => {})
    } while (this.#again)
    this.#sending = false
    this.#timer = setTimeout(() => this.send(), EVERY_MS)
  }

  async #post(): Promise<void> {
    const response = await fetch(this.#url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: this.#next(),
      signal: AbortSignal.timeout(ANSWER_MS),
    })
    if (response.status === 404 || response.status === 410) return this.#onAnswer({ stop: true })
    if (!response.ok) return
    const answer = (await response.json()) as PageAnswer
    this.#have = Math.max(this.#have, answer.have)
    this.#onAnswer(answer)
  }
}
