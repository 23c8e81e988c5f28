import { LONGEST_SECONDS, MOST_SEGMENTS } from './hls.ts'
import { ManifestError } from './presentation.ts'

/** The little of the DOM that is used; the DOM's own types are not those of this project. */
export type Element = {
  readonly localName: string | null
  readonly parentNode: unknown
  readonly childNodes: ArrayLike<unknown>
  getAttribute(name: string): string | null
  getElementsByTagNameNS(namespace: string, name: string): ArrayLike<Element>
}

/** Segments of all renditions together, and addresses of one: each BaseURL of each level multiplies them. */
const MOST_EXPANDED = 10 * MOST_SEGMENTS
const MOST_ADDRESSES = 10_000
/** Digits to which a template may pad a number (`%05d`). */
const MOST_DIGITS = 100

/**
 * Refuses what would expand into more segments than memory holds, by exact counts from the attributes: the parser makes
 * an object of each before it returns. What it misses meets the limits of the process that reads it.
 *
 * @throws ManifestError
 */
export function refuseExpansion(mpd: Element): void {
  const whole = secondsOf(mpd, 'mediaPresentationDuration') ?? 0
  for (const name of ['SegmentTemplate', 'SegmentList']) {
    for (const template of elements(mpd, name)) {
      for (const attribute of ['media', 'initialization', 'index']) checkPadding(template.getAttribute(attribute) ?? '')
      positive(template.getAttribute('duration'))
    }
  }
  const counted = new Map<Element, number>()
  let segments = 0
  let addresses = 0
  for (const representation of elements(mpd, 'Representation')) {
    const levels = [...ancestry(representation)]
    const urls = levels.reduce((product, level) => product * Math.max(1, children(level, 'BaseURL').length), 1)
    addresses += urls
    segments += urls * segmentsOf(levels, whole, counted)
  }
  if (!(addresses <= MOST_ADDRESSES)) {
    throw new ManifestError(`DASH manifest: ${addresses} addresses of renditions, more than ${MOST_ADDRESSES}`)
  }
  if (!(segments <= MOST_EXPANDED)) {
    throw new ManifestError(`DASH manifest: about ${Math.round(segments)} segments, more than ${MOST_EXPANDED}`)
  }
}

/** In a rendition, by what it has itself and what it inherits; `levels` from the innermost outward. */
function segmentsOf(levels: readonly Element[], whole: number, counted: Map<Element, number>): number {
  const templates = levels.flatMap((level) => [
    ...children(level, 'SegmentTemplate'),
    ...children(level, 'SegmentList'),
  ])
  const inherited = (name: string) => templates.map((one) => one.getAttribute(name)).find((value) => !!value) ?? null
  const timescale = positive(inherited('timescale')) ?? 1
  const timeline = templates.flatMap((one) => children(one, 'SegmentTimeline'))[0]
  if (timeline) {
    const count = counted.get(timeline) ?? entriesOf(timeline, whole * timescale)
    counted.set(timeline, count)
    return count
  }
  const duration = positive(inherited('duration'))
  const period = levels.find(({ localName }) => localName === 'Period')
  if (duration !== null) return (((period && secondsOf(period, 'duration')) ?? whole) * timescale) / duration
  return templates.reduce((sum, one) => sum + children(one, 'SegmentURL').length, 0)
}

/** As the parser repeats them: `r="-1"` up to the next entry's time, or to the end of the presentation, in its units. */
function entriesOf(timeline: Element, endUnits: number): number {
  const entries = children(timeline, 'S')
  let count = 0
  let time = 0
  for (const [at, entry] of entries.entries()) {
    const duration = Number(entry.getAttribute('d'))
    if (!(duration > 0)) throw new ManifestError('DASH manifest: an entry of a timeline lasts nothing')
    time = Math.max(time, Number(entry.getAttribute('t') || 0))
    const repeat = Number(entry.getAttribute('r') || 0)
    const next = entries[at + 1]
    const until = next ? Number(next.getAttribute('t') || time) : endUnits
    const times = repeat < 0 ? Math.max(0, (until - time) / duration) : repeat + 1
    count += times
    time += times * duration
  }
  return count
}

function secondsOf(element: Element, attribute: string): number | null {
  const text = element.getAttribute(attribute)
  if (!text) return null
  const seconds = isoSeconds(text)
  if (seconds <= LONGEST_SECONDS) return seconds
  throw new ManifestError(`DASH manifest: it lasts ${seconds} s, more than ${LONGEST_SECONDS} s`)
}

function checkPadding(template: string): void {
  for (const [, digits] of template.matchAll(/%0(\d+)d/g)) {
    if (Number(digits) > MOST_DIGITS) {
      throw new ManifestError(`DASH manifest: a number of ${digits?.slice(0, 20)} digits, more than ${MOST_DIGITS}`)
    }
  }
}

/** The element and those around it, the innermost first. */
function* ancestry(element: Element): Generator<Element> {
  for (let at: Element | null = element; at?.localName; at = at.parentNode as Element | null) yield at
}

function children(parent: Element, name: string): Element[] {
  return (Array.from(parent.childNodes) as Element[]).filter((child) => child.localName === name)
}

/** Whatever their namespace's prefix. */
function elements(root: Element, name: string): Element[] {
  return Array.from(root.getElementsByTagNameNS('*', name))
}

function positive(value: string | null): number | null {
  if (!value) return null
  if (Number(value) > 0) return Number(value)
  throw new ManifestError(`DASH manifest: ${JSON.stringify(value.slice(0, 40))} is no duration`)
}

/** ISO 8601 durations as XML Schema has them; a year counts 365 days, a month 30. */
function isoSeconds(text: string): number {
  const match = text.match(
    /^P(?:([\d.]+)Y)?(?:([\d.]+)M)?(?:([\d.]+)D)?(?:T(?:([\d.]+)H)?(?:([\d.]+)M)?(?:([\d.]+)S)?)?$/,
  )
  if (!match) throw new ManifestError(`DASH manifest: ${JSON.stringify(text.slice(0, 40))} is no duration`)
  const units = [365 * 86_400, 30 * 86_400, 86_400, 3600, 60, 1]
  return units.reduce((sum, unit, at) => sum + unit * Number(match[at + 1] ?? 0), 0)
}
