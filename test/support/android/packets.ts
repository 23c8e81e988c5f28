/** The message types of the ADB protocol (AOSP packages/modules/adb/protocol.txt): four ASCII letters each. */
export const MESSAGE = {
  AUTH: 0x48545541,
  CLSE: 0x45534c43,
  CNXN: 0x4e584e43,
  OKAY: 0x59414b4f,
  OPEN: 0x4e45504f,
  WRTE: 0x45545257,
} as const

/** From this version on no side verifies checksums. */
export const PROTOCOL_VERSION = 0x01000001

/** Bytes that one message may carry. */
export const MAX_PAYLOAD = 1024 * 1024

const HEADER_BYTES = 24
const NOTHING = Buffer.alloc(0)

export type AdbMessage = { command: number; arg0: number; arg1: number; payload: Buffer }

/** Only what is sent before both sides know each other's version carries a checksum. */
export function encodeMessage(command: number, arg0: number, arg1: number, payload: Buffer = NOTHING): Buffer {
  const early = command === MESSAGE.CNXN || command === MESSAGE.AUTH
  const checksum = early ? payload.reduce((sum, byte) => (sum + byte) >>> 0, 0) : 0
  const header = Buffer.alloc(HEADER_BYTES)
  const words = [command, arg0, arg1, payload.length, checksum, (command ^ 0xffffffff) >>> 0]
  for (const [index, word] of words.entries()) header.writeUInt32LE(word, index * 4)
  return Buffer.concat([header, payload])
}

/** Cuts a byte stream into messages. */
export class MessageReader {
  #pieces: Buffer[] = []
  #length = 0

  /** The messages that are complete now. Throws on bytes that are no ADB message. */
  push(piece: Buffer): AdbMessage[] {
    this.#pieces.push(piece)
    this.#length += piece.length
    const messages: AdbMessage[] = []
    for (let message = this.#next(); message !== null; message = this.#next()) messages.push(message)
    return messages
  }

  #next(): AdbMessage | null {
    if (this.#length < HEADER_BYTES) return null
    const header = this.#peek(HEADER_BYTES)
    const command = header.readUInt32LE(0)
    const size = header.readUInt32LE(12)
    if (header.readUInt32LE(20) !== (command ^ 0xffffffff) >>> 0 || size > MAX_PAYLOAD) {
      throw new Error(`no ADB message: ${header.toString('hex')}`)
    }
    if (this.#length < HEADER_BYTES + size) return null
    const payload = this.#peek(HEADER_BYTES + size).subarray(HEADER_BYTES, HEADER_BYTES + size)
    this.#drop(HEADER_BYTES + size)
    return { command, arg0: header.readUInt32LE(4), arg1: header.readUInt32LE(8), payload }
  }

  /** Joins pieces only as far as they are needed: a large payload comes in many. */
  #peek(bytes: number): Buffer {
    const [first = NOTHING] = this.#pieces
    if (first.length < bytes) this.#pieces = [Buffer.concat(this.#pieces)]
    return this.#pieces[0] ?? NOTHING
  }

  #drop(bytes: number): void {
    const [first = NOTHING, ...rest] = this.#pieces
    this.#pieces = first.length === bytes ? rest : [first.subarray(bytes), ...rest]
    this.#length -= bytes
  }
}

/** The packet types of the shell protocol that a device sends (AOSP packages/modules/adb/shell_protocol.h). */
export const SHELL_PACKET = { STDOUT: 1, STDERR: 2, EXIT: 3 } as const

const SHELL_PACKET_BYTES = 32 * 1024

/** One packet per 32 KiB, each with its type and its length before it. */
export function encodeShellPackets(type: number, data: Buffer): Buffer {
  const pieces: Buffer[] = []
  for (let at = 0; at < data.length; at += SHELL_PACKET_BYTES) {
    const piece = data.subarray(at, at + SHELL_PACKET_BYTES)
    const header = Buffer.from([type, 0, 0, 0, 0])
    header.writeUInt32LE(piece.length, 1)
    pieces.push(header, piece)
  }
  return Buffer.concat(pieces)
}
