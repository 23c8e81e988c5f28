import { ProblemError } from './problem.ts'

/** Of all bodies that are being read at one time, bytes. */
const MOST_TOGETHER = 256 * 2 ** 20

/** Reads bodies of requests as JSON, each and all together within limits. To be asked once it is known who asks. */
export class RequestBodies {
  readonly #mostTogether: number
  #together = 0

  constructor(mostTogether = MOST_TOGETHER) {
    this.#mostTogether = mostTogether
  }

  /** Undefined where there is none. @throws ProblemError */
  async read(request: Request, mostBytes: number): Promise<unknown> {
    const tooLarge = new ProblemError(413, `The request body is larger than ${Math.floor(mostBytes / 1024)} KiB.`)
    if (Number(request.headers.get('content-length') ?? 0) > mostBytes) throw tooLarge
    if (request.body === null) return undefined
    const reader = request.body.getReader()
    const pieces: Uint8Array[] = []
    let bytes = 0
    try {
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        bytes += next.value.byteLength
        this.#together += next.value.byteLength
        if (bytes > mostBytes) throw tooLarge
        if (this.#together > this.#mostTogether)
          throw new ProblemError(503, 'Too much is being sent at once: try again in a moment.', undefined, 1)
        pieces.push(next.value)
      }
    } finally {
      this.#together -= bytes
      // Not cancelled: the client would be cut off before it is answered.
      reader.releaseLock()
    }
    return bytes === 0 ? undefined : parsed(Buffer.concat(pieces).toString('utf8'))
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new ProblemError(400, 'The request body is not JSON.')
  }
}
