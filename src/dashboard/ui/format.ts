import type { Words } from '../words/words-en.ts'

export function timeOf(at: number | string, words: Words): string {
  return new Date(at).toLocaleTimeString(words.locale, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  })
}

/** A moment: its time where it is of today, with its date where it is not. */
export function momentOf(at: number | string | null, words: Words): string {
  if (at === null) return words.common.unknown
  const then = new Date(at)
  if (then.toDateString() === new Date().toDateString()) return timeOf(at, words)
  const date = then.toLocaleDateString(words.locale, { year: 'numeric', month: 'short', day: 'numeric' })
  return `${date}, ${timeOf(at, words)}`
}

/** A stretch of time as 1:02:03 or 0:07. @param ms negative counts as 0 */
export function clockOf(ms: number): string {
  const whole = Math.max(0, Math.round(ms / 1000))
  const [hours, minutes, seconds] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60]
  const two = (n: number) => String(n).padStart(2, '0')
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`
}

export function decimals(value: number, digits: number, words: Words): string {
  return value.toLocaleString(words.locale, { maximumFractionDigits: digits, minimumFractionDigits: digits })
}

/** The figures that are shown as distributions. */
export const FIGURES = ['startupMs', 'rebufferRatio', 'bitrateAvgKbps', 'watchPercent'] as const
export type Figure = (typeof FIGURES)[number]

/** A figure with its unit. */
export function figureOf(figure: Figure, value: number | null | undefined, words: Words): string {
  if (value === null || value === undefined) return words.common.unknown
  switch (figure) {
    case 'startupMs':
      return value < 10_000 ? `${decimals(value, 0, words)} ms` : `${decimals(value / 1000, 1, words)} s`
    case 'rebufferRatio':
      return `${decimals(value * 100, 2, words)} %`
    case 'bitrateAvgKbps':
      return `${decimals(value, 0, words)} kbit/s`
    case 'watchPercent':
      return `${decimals(value, 1, words)} %`
  }
}
