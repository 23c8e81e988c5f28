import type { ApiError } from '../client/request.ts'
import type { SessionReport } from '../domain/playback-result.ts'
import { agentCalls } from '../protocol/agent-calls.ts'
import type { Journal } from './journal.ts'
import { isRefusal, type Link } from './link.ts'

export type ReporterOptions = {
  link: Link
  journal: Journal
  /** Aborts when what is not reported yet is left to the journal. */
  signal: AbortSignal
  onError: (error: unknown) => void
  /** Controllers listen to this agent no more: what waits is left to the journal. */
  onRefused: (error: ApiError) => void
}

/** Reports of one call: so many, and so many characters of JSON together. */
const MOST = 200
const MOST_CHARACTERS = 4_000_000
/** Refusals of what is in a report: bad input, too large. */
const OF_A_REPORT = [400, 413]

/** Reports what sessions measured, many at once, until a controller has it. */
export class Reporter {
  readonly #options: ReporterOptions
  readonly #waiting = new Map<string, SessionReport>()
  #sending: Promise<void> | undefined

  constructor(options: ReporterOptions) {
    this.#options = options
  }

  add(token: string, report: SessionReport): void {
    this.#waiting.set(token, report)
    this.#sending ??= this.#send()
  }

  /** The tokens whose reports no controller has yet. */
  get waiting(): string[] {
    return [...this.#waiting.keys()]
  }

  /** Resolves when all is reported, or the signal has aborted. */
  async flushed(): Promise<void> {
    while (this.#sending !== undefined) await this.#sending
  }

  async #send(): Promise<void> {
    const { signal, onRefused } = this.#options
    // `add` keeps the promise of this call first.
    await null
    while (this.#waiting.size > 0 && !signal.aborted) {
      try {
        await this.#sendSome(this.#next())
      } catch (error) {
        if (!isRefusal(error)) continue
        onRefused(error)
        break
      }
    }
    // Without an `await` since the last look at what waits: a report that is added from now on starts another call.
    this.#sending = undefined
  }

  #next(): { token: string; report: SessionReport }[] {
    const next = []
    let characters = 0
    for (const [token, report] of this.#waiting) {
      characters += JSON.stringify(report).length
      if (next.length === MOST || (next.length > 0 && characters > MOST_CHARACTERS)) break
      next.push({ token, report })
    }
    return next
  }

  async #sendSome(reports: { token: string; report: SessionReport }[]): Promise<void> {
    const { link, signal } = this.#options
    try {
      const { receipts } = await link.persist(agentCalls.report, { body: { reports }, signal })
      await this.#settle(receipts)
    } catch (error) {
      if (!isRefusal(error) || !OF_A_REPORT.includes(error.status)) throw error
      // One that no controller takes must not hold up the others.
      const [only] = reports
      if (reports.length > 1) for (const one of reports) await this.#sendSome([one])
      else if (only && isSpare(only.report)) await this.#settle({ [only.token]: `refused: ${error.message}` }, error)
      else if (only) await this.#sendSome([{ token: only.token, report: spare(only.report) }])
    }
  }

  async #settle(receipts: Readonly<Record<string, string>>, refusal?: Error): Promise<void> {
    for (const token of Object.keys(receipts)) this.#waiting.delete(token)
    if (refusal) this.#options.onError(refusal)
    // Where this cannot be written it is reported again after a restart, which does no harm.
    await this.#options.journal.reported(receipts).catch(this.#options.onError)
  }
}

/** A report without what may be large: how the session ended and its figures, which any controller has room for. */
function spare({ screenshot: _, failure, figures, ...rest }: SessionReport): SessionReport {
  const message = (text: string) => text.slice(0, 500)
  return {
    ...rest,
    failure: failure && { ...failure, message: message(failure.message) },
    figures: { ...figures, errorCodes: figures.errorCodes.slice(0, 20).map(message) },
    timeline: [],
  }
}

function isSpare(report: SessionReport): boolean {
  return report.timeline.length === 0 && report.screenshot === undefined && report.figures.errorCodes.length <= 20
}
