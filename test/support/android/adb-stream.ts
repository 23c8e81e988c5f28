import { Duplex } from 'node:stream'
import { MAX_PAYLOAD, MESSAGE } from './packets.ts'

export type SendMessage = (command: number, arg0: number, arg1: number, payload?: Buffer) => void

type Callback = (error?: Error | null) => void

/**
 * One stream of a transport. A stream has no half: whoever closes it closes both directions. What is written after the
 * other side closed is dropped.
 */
export class AdbStream extends Duplex {
  readonly #send: SendMessage
  readonly #localId: number
  #remoteId: number | null
  #construct: Callback | null = null
  #unsent: Buffer | null = null
  #written: Callback | null = null
  #owesOkay = false
  #closed = false

  /** @param remoteId null: this side opens the stream and waits for the other's OKAY. */
  constructor(send: SendMessage, localId: number, remoteId: number | null) {
    super({ allowHalfOpen: false })
    this.#send = send
    this.#localId = localId
    this.#remoteId = remoteId
  }

  /** The other side is ready for the next WRTE. */
  remoteReady(remoteId: number): void {
    if (this.#remoteId === null) {
      this.#remoteId = remoteId
      this.#constructed()
    } else this.#writeNext()
  }

  remoteData(data: Buffer): void {
    this.#owesOkay = true
    if (this.push(data)) this.#acknowledge()
  }

  remoteClosed(): void {
    this.#closed = true
    this.#constructed()
    this.push(null)
    this.#writeNext()
  }

  override _construct(callback: Callback): void {
    if (this.#remoteId === null && !this.#closed) this.#construct = callback
    else callback()
  }

  override _read(): void {
    this.#acknowledge()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: Callback): void {
    this.#unsent = chunk
    this.#written = callback
    this.#writeNext()
  }

  override _final(callback: Callback): void {
    this.#close()
    callback()
  }

  override _destroy(error: Error | null, callback: Callback): void {
    this.#close()
    this.#constructed()
    callback(error)
  }

  #constructed(): void {
    const callback = this.#construct
    this.#construct = null
    callback?.()
  }

  #acknowledge(): void {
    if (!this.#owesOkay || this.#closed || this.#remoteId === null) return
    this.#owesOkay = false
    this.#send(MESSAGE.OKAY, this.#localId, this.#remoteId)
  }

  #writeNext(): void {
    const unsent = this.#closed ? null : this.#unsent
    if (unsent === null || unsent.length === 0) {
      this.#wrote()
      return
    }
    this.#unsent = unsent.subarray(MAX_PAYLOAD)
    this.#send(MESSAGE.WRTE, this.#localId, this.#remoteId ?? 0, unsent.subarray(0, MAX_PAYLOAD))
  }

  #wrote(): void {
    const callback = this.#written
    this.#written = null
    this.#unsent = null
    callback?.()
  }

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#send(MESSAGE.CLSE, this.#localId, this.#remoteId ?? 0)
  }
}
