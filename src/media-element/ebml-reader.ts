/** The head of an EBML element (RFC 8794): its id with its marker bits, and where its content lies. */
export type ElementHead = {
  id: number
  /** Bytes of the head itself. */
  header: number
  /** Bytes of its content; null where it goes on until an element comes that cannot be in it. */
  size: number | null
}

/** An element that is there as a whole. */
export type Element = { id: number; start: number; end: number }

/** Null where there is not enough of it. @throws Error where no element begins */
export function elementHead(bytes: Uint8Array, at: number): ElementHead | null {
  const id = variable(bytes, at, 4, false)
  if (id === null) return null
  const size = variable(bytes, at + id.length, 8, true)
  if (size === null) return null
  return { id: id.value, header: id.length + size.length, size: size.isUnknown ? null : size.value }
}

/** A number of variable length. @param isSize its marker bit is no part of it, and all ones are unknown */
export function variable(bytes: Uint8Array, at: number, most: number, isSize: boolean) {
  const first = bytes[at]
  if (first === undefined) return null
  const length = Math.clz32(first) - 23
  if (length > most) throw new Error('it is no EBML')
  if (at + length > bytes.length) return null
  const mask = 2 ** (8 - length) - 1
  let value = isSize ? first & mask : first
  let isUnknown = (first & mask) === mask
  for (let i = 1; i < length; i++) {
    const byte = bytes[at + i] ?? 0
    value = value * 256 + byte
    isUnknown &&= byte === 0xff
  }
  return { value, length, isUnknown }
}

/** The elements in a stretch, each whole. @throws Error where one reaches beyond it */
export function elementsIn(bytes: Uint8Array, start: number, end: number): Element[] {
  const elements: Element[] = []
  for (let at = start; at < end; ) {
    const head = elementHead(bytes, at)
    if (head === null || head.size === null || at + head.header + head.size > end) {
      throw new Error(`an element at ${at} reaches beyond what holds it`)
    }
    elements.push({ id: head.id, start: at + head.header, end: at + head.header + head.size })
    at += head.header + head.size
  }
  return elements
}

/** An unsigned number of up to 8 bytes; 0 of none. */
export function unsigned(bytes: Uint8Array, { start, end }: Element): number {
  return bytes.subarray(start, end).reduce((value, byte) => value * 256 + byte, 0)
}

/** A number of 4 or 8 bytes; 0 of none. */
export function float(bytes: Uint8Array, { start, end }: Element): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, end - start)
  return end - start === 8 ? view.getFloat64(0) : end - start === 4 ? view.getFloat32(0) : 0
}

export function ascii(bytes: Uint8Array, { start, end }: Element): string {
  return String.fromCharCode(...bytes.subarray(start, end)).replace(/\0.*$/s, '')
}
