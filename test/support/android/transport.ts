import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { AdbStream, type SendMessage } from './adb-stream.ts'
import { type AdbMessage, encodeMessage, MAX_PAYLOAD, MESSAGE, MessageReader, PROTOCOL_VERSION } from './packets.ts'

/** What a host gets for its CNXN: a connection; a demand for a signature that is never good enough; nothing. */
export type Admission = 'accepted' | 'unauthorized' | 'silent'

/** Runs a service on the stream that the host opened for it. */
export type Service = (stream: Duplex) => void

export type TransportOptions = {
  admission: Admission
  /** What the device says of itself, `device::name=value;...`. */
  banner: string
  /** Null: there is no such service. */
  serviceOf(name: string, transport: Transport): Service | null
}

const AUTH_TOKEN = 1
const AUTH_SIGNATURE = 2
const TOKEN_BYTES = 20

/** The device's end of one connection of an adb server. */
export class Transport {
  readonly #socket: Socket
  readonly #options: TransportOptions
  readonly #reader = new MessageReader()
  readonly #streams = new Map<number, AdbStream>()
  #lastId = 0
  #held: (() => void)[] | null = null

  /** @param hung starts as `hang` would leave it. */
  constructor(socket: Socket, options: TransportOptions, hung: boolean) {
    this.#socket = socket
    this.#options = options
    if (hung) this.hang()
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.on('data', (piece) => this.#orHold(() => this.#receive(piece)))
    socket.on('close', () => {
      for (const stream of this.#streams.values()) stream.destroy()
    })
  }

  /** Opens a stream to a service of the host, such as `tcp:8080`. It ends at once where the host has none. */
  open(destination: string): Duplex {
    const [id, stream] = this.#addStream(null)
    // The terminating NUL is for servers that read the destination as a C string.
    this.#send(MESSAGE.OPEN, id, 0, Buffer.from(`${destination}\0`))
    return stream
  }

  /** From now on bytes are taken and nothing is answered. */
  hang(): void {
    this.#held ??= []
  }

  /** Goes on with all that was taken and kept back meanwhile, in order. */
  wake(): void {
    const held = this.#held ?? []
    this.#held = null
    for (const action of held) action()
  }

  close(): void {
    this.#socket.destroy()
  }

  #orHold(action: () => void): void {
    if (this.#held === null) action()
    else this.#held.push(action)
  }

  #send: SendMessage = (command, arg0, arg1, payload) => {
    this.#orHold(() => {
      if (!this.#socket.destroyed) this.#socket.write(encodeMessage(command, arg0, arg1, payload))
    })
  }

  #receive(piece: Buffer): void {
    if (this.#socket.destroyed) return
    try {
      for (const message of this.#reader.push(piece)) this.#handle(message)
    } catch {
      this.close()
    }
  }

  #handle({ command, arg0, arg1, payload }: AdbMessage): void {
    switch (command) {
      case MESSAGE.CNXN:
        this.#connect()
        break
      case MESSAGE.AUTH:
        if (arg0 === AUTH_SIGNATURE) this.#demandSignature()
        break
      case MESSAGE.OPEN:
        this.#opened(arg0, payload.toString().split('\0', 1)[0] ?? '')
        break
      case MESSAGE.OKAY:
        this.#streams.get(arg1)?.remoteReady(arg0)
        break
      case MESSAGE.WRTE:
        this.#streams.get(arg1)?.remoteData(payload)
        break
      case MESSAGE.CLSE:
        this.#streams.get(arg1)?.remoteClosed()
        break
    }
  }

  #connect(): void {
    const { admission, banner } = this.#options
    if (admission === 'accepted') this.#send(MESSAGE.CNXN, PROTOCOL_VERSION, MAX_PAYLOAD, Buffer.from(banner))
    if (admission === 'unauthorized') this.#demandSignature()
  }

  #demandSignature(): void {
    this.#send(MESSAGE.AUTH, AUTH_TOKEN, 0, randomBytes(TOKEN_BYTES))
  }

  #opened(remoteId: number, name: string): void {
    const service = this.#options.admission === 'accepted' ? this.#options.serviceOf(name, this) : null
    if (service === null) {
      this.#send(MESSAGE.CLSE, 0, remoteId)
      return
    }
    const [id, stream] = this.#addStream(remoteId)
    this.#send(MESSAGE.OKAY, id, remoteId)
    service(stream)
  }

  #addStream(remoteId: number | null): [number, AdbStream] {
    const id = ++this.#lastId
    const stream = new AdbStream(this.#send, id, remoteId)
    this.#streams.set(id, stream)
    stream.on('error', () => {})
    stream.on('close', () => this.#streams.delete(id))
    return [id, stream]
  }
}
