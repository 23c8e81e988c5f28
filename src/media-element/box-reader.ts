/** A box of ISO/IEC 14496-12: its type, and where its content lies. */
export type Box = { type: string; start: number; end: number }

const HEADER = 8
const LARGE_HEADER = 16

/** What the head of a box says; null where there is not enough of it. Size 0 is to the end of the file: no fragment's. */
export function boxHead(view: DataView, at: number): { type: string; size: number; header: number } | null {
  if (view.byteLength - at < HEADER) return null
  const type = String.fromCharCode(...[4, 5, 6, 7].map((offset) => view.getUint8(at + offset)))
  const size = view.getUint32(at)
  if (size !== 1) return { type, size, header: HEADER }
  if (view.byteLength - at < LARGE_HEADER) return null
  return { type, size: Number(view.getBigUint64(at + HEADER)), header: LARGE_HEADER }
}

/** The boxes in a stretch. @throws RangeError where one reaches beyond it */
export function boxesIn(view: DataView, start: number, end: number): Box[] {
  const boxes: Box[] = []
  for (let at = start; at + HEADER <= end; ) {
    const head = boxHead(view, at)
    if (head === null || head.size < head.header || at + head.size > end) {
      throw new RangeError(`a box at ${at} reaches beyond what holds it`)
    }
    boxes.push({ type: head.type, start: at + head.header, end: at + head.size })
    at += head.size
  }
  return boxes
}

/** The first box at a path such as `mdia/mdhd`, below a box; null where there is none. */
export function boxAt(view: DataView, box: Box, path: string): Box | null {
  let at: Box | undefined = box
  for (const type of path.split('/')) {
    at = boxesIn(view, at.start, at.end).find((one) => one.type === type)
    if (at === undefined) return null
  }
  return at
}

/** The version of a full box. */
export function versionOf(view: DataView, box: Box): number {
  return view.getUint8(box.start)
}

/** The flags of a full box. */
export function flagsOf(view: DataView, box: Box): number {
  return view.getUint32(box.start) & 0xffffff
}

/** A 64-bit field of a box of version 1, a 32-bit one of version 0. */
export function sized(view: DataView, version: number, at: number): number {
  return version === 1 ? Number(view.getBigUint64(at)) : view.getUint32(at)
}
