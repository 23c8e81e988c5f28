import type { z } from 'zod'
import type { Call, Problem } from '../protocol/call.ts'
import type { Controllers } from './controllers.ts'

/** The controller refused a call, or gave no answer that makes sense. */
export class ApiError extends Error {
  override name = 'ApiError'
  readonly status: number
  readonly problem: Problem | null

  constructor(status: number, problem: Problem | null, message: string) {
    super(message)
    this.status = status
    this.problem = problem
  }

  /** Whether the same would be refused again: not where a controller is away, was told too little in time, or is busy. */
  get final(): boolean {
    return !isAway(this.status) && this.status !== 429
  }
}

/** What a call is given; parts that a call does not have stay away. */
export type Given<C extends Call> = {
  params?: z.input<C['params']>
  query?: z.input<C['query']>
  body?: z.input<C['body']>
  signal?: AbortSignal
  headers?: Record<string, string>
  /** A controller from which nothing was heard for so long is taken for away, ms. */
  silenceMs?: number
}

/** Where there are several controllers, one that says nothing for the first span is passed over; then all get the second. */
const SILENCE_MS = { first: 1500, second: 30_000 }

/** Nothing came of asking one controller; `sent` where it may have done what was asked. */
type Away = { error: unknown; sent: boolean }

/**
 * Makes one call, of the controller that answered last. Where it is away, the others are asked in turn: all calls when
 * it cannot have been reached, and those that may be repeated in any case.
 *
 * @throws ApiError where the controller refuses; what `fetch` throws where all are away.
 */
export async function request<C extends Call>(
  controllers: Controllers,
  call: C,
  given: Given<C> = {},
): Promise<z.output<C['answer']>> {
  let away: Away = { error: new Error('No controller is named.'), sent: false }
  for (const silenceMs of spansOf(controllers, call, given)) {
    let isOneThere = false
    for (const url of controllers.urls) {
      const asked = await ask(controllers, url, call, { ...given, ...(silenceMs === null ? {} : { silenceMs }) })
      if ('text' in asked) return call.answer.parse(JSON.parse(asked.text)) as z.output<C['answer']>
      away = asked
      // Called off by whoever asked: that says nothing of the controller.
      if (given.signal?.aborted) throw away.error
      controllers.failed(url)
      if (asked.sent && !call.repeatable) throw away.error
      isOneThere ||= asked.sent
    }
    // Where none was there at all, asking again at once tells nothing new.
    if (!isOneThere) break
  }
  throw away.error
}

/** How long controllers may say nothing, round by round; null waits. */
function spansOf(controllers: Controllers, call: Call, { silenceMs }: { silenceMs?: number }): (number | null)[] {
  if (silenceMs !== undefined) return [silenceMs]
  if (controllers.urls.length === 1 || !call.repeatable) return [null]
  return [SILENCE_MS.first, SILENCE_MS.second]
}

async function ask<C extends Call>(
  controllers: Controllers,
  base: string,
  call: C,
  given: Given<C>,
): Promise<{ text: string } | Away> {
  const silence = silenceOf(given.silenceMs)
  const signals = [given.signal, silence?.signal].filter((signal) => signal !== undefined)
  let heard = false
  try {
    const response = await controllers.fetch(address(base, call, given), {
      method: call.method.toUpperCase(),
      headers: { ...controllers.authorization, 'content-type': 'application/json', ...given.headers },
      ...(call.method === 'post' ? { body: JSON.stringify(given.body ?? {}) } : {}),
      signal: AbortSignal.any(signals),
    })
    heard = true
    const text = await read(response, silence)
    // One that was held open and then given up.
    if (response.ok && text.trim() === '') return { error: new Error('The controller gave no answer.'), sent: true }
    if (response.ok) return { text }
    const error = refused(response.status, text)
    if (!isAway(response.status)) throw error
    return { error, sent: true }
  } catch (error) {
    if (error instanceof ApiError) throw error
    return { error, sent: heard || !cannotConnect(error) }
  } finally {
    silence?.end()
  }
}

async function read(response: Response, silence: Silence | undefined): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const piece of response.body ?? []) {
    silence?.broken()
    text += decoder.decode(piece, { stream: true })
  }
  return text + decoder.decode()
}

type Silence = { signal: AbortSignal; broken(): void; end(): void }

/** Aborts when it has not been broken for so long. */
function silenceOf(ms: number | undefined): Silence | undefined {
  if (ms === undefined) return undefined
  const controller = new AbortController()
  const late = () => controller.abort(new Error(`The controller said nothing for ${ms} ms.`))
  let timer = setTimeout(late, ms)
  const broken = () => {
    clearTimeout(timer)
    timer = setTimeout(late, ms)
  }
  return { signal: controller.signal, broken, end: () => clearTimeout(timer) }
}

/**
 * A proxy without its controller, a controller without its database, or one that got no whole request in its time (408),
 * since it or its client stood still.
 */
function isAway(status: number): boolean {
  return status >= 500 || status === 408
}

/** Whether the request cannot have reached anyone. */
function cannotConnect(error: unknown): boolean {
  const cause = (error as { cause?: { code?: string } }).cause
  return ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'].includes(
    cause?.code ?? '',
  )
}

function address(base: string, call: Call, given: { params?: unknown; query?: unknown }): URL {
  const params = (given.params ?? {}) as Record<string, string>
  const path = call.path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''))
  const url = new URL(`/api/v1${path}`, base)
  for (const [name, value] of Object.entries((given.query ?? {}) as Record<string, unknown>)) {
    if (value !== undefined) url.searchParams.set(name, String(value))
  }
  return url
}

function refused(status: number, text: string): ApiError {
  try {
    const problem = JSON.parse(text) as Problem
    return new ApiError(status, problem, problem.detail)
  } catch {
    return new ApiError(status, null, `The controller answered ${status}.`)
  }
}
