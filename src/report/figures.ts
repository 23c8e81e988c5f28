import { factsOf, type Metric } from '../domain/metric.ts'
import type { Words } from './words-en.ts'

/** What is shown where there is no value. */
export const NONE = '–'

type Units = Words['units']

/** A number of things, in groups of three digits; expected ones with a decimal. */
export function count(value: number): string {
  return decimals(value, Number.isInteger(value) ? 0 : 1)
}

/** A metric's value with its unit; ratios in percent. */
export function figure(metric: Metric, value: number | null | undefined, units: Units): string {
  return value === null || value === undefined ? NONE : inUnit(factsOf(metric).unit, value, units)
}

/** A difference of a metric's values, with its sign; of ratios and percentages in percentage points. */
export function difference(metric: Metric, value: number, units: Units): string {
  const { unit } = factsOf(metric)
  const size = Math.abs(value)
  if (unit === 'ratio') return signed(value, `${decimals(size * 100, 2)}${units.points}`)
  if (unit === '%') return signed(value, `${decimals(size, 1)}${units.points}`)
  return signed(value, inUnit(unit, size, units))
}

function inUnit(unit: ReturnType<typeof factsOf>['unit'], value: number, units: Units): string {
  switch (unit) {
    case 'ms':
      return Math.abs(value) < 10_000
        ? `${decimals(value, Math.abs(value) < 10 ? 1 : 0)} ms`
        : seconds(value / 1000, units)
    case 's':
      return seconds(value, units)
    case '%':
      return `${decimals(value, 1)}${units.percent}`
    case 'ratio':
      return `${decimals(value * 100, 2)}${units.percent}`
    case 'kbit/s':
      return `${decimals(value, 0)} kbit/s`
    case 'bytes':
      return bytes(value)
    case 'count':
      return decimals(value, Number.isInteger(value) ? 0 : 2)
  }
}

function seconds(value: number, units: Units): string {
  return `${decimals(value, 1)}${units.s}`
}

export function bytes(value: number): string {
  return value < 1e9 ? `${decimals(value / 1e6, 1)} MB` : `${decimals(value / 1e9, 2)} GB`
}

/** A stretch of time in ms, as coarse as it is long. */
export function duration(ms: number | null, units: Units): string {
  if (ms === null) return NONE
  const whole = Math.round(Math.abs(ms) / 1000)
  const sign = ms < 0 ? '−' : ''
  if (whole < 120) return sign + seconds(Math.abs(ms) / 1000, units)
  const minutes = Math.floor(whole / 60)
  if (minutes < 120) return `${sign}${minutes}${units.min} ${whole % 60}${units.s}`
  return `${sign}${count(Math.floor(minutes / 60))}${units.h} ${minutes % 60}${units.min}`
}

/** How much later one time is than another, with its sign. */
export function drift(planned: string | null | undefined, actual: string | null | undefined, units: Units): string {
  const ms = driftMs(planned, actual)
  return ms === null ? NONE : signed(ms, duration(Math.abs(ms), units))
}

/** How much later one time is than another, ms; null where either is missing. */
export function driftMs(planned: string | null | undefined, actual: string | null | undefined): number | null {
  return planned && actual ? Date.parse(actual) - Date.parse(planned) : null
}

/** What says how likely chance alone is, 0–1. */
export function probability(p: number | null): string {
  if (p === null) return NONE
  return p < 0.001 ? '< 0.001' : p.toFixed(3)
}

/** Such as “14 of 720 (1.9 %)”, in signs that need no language: `14 / 720 (1.9 %)`. */
export function shareOf(part: number, whole: number, units: Units): string {
  const share = whole === 0 ? '' : ` (${percent(part / whole, units)})`
  return `${count(part)} / ${count(whole)}${share}`
}

/** A share of 0–1, in percent. */
export function percent(share: number, units: Units): string {
  return `${decimals(share * 100, 1)}${units.percent}`
}

/** A point in time in the zone, to the second: `2026-11-25 01:00:03`. */
export function dateTime(at: string, zone: string): string {
  return formatter(zone).format(new Date(at)).replace(',', '')
}

/** The same without its year. */
export function dayTime(at: string | null | undefined, zone: string): string {
  return at ? dateTime(at, zone).slice(5) : NONE
}

const formatters = new Map<string, Intl.DateTimeFormat>()

function formatter(zone: string): Intl.DateTimeFormat {
  const found = formatters.get(zone)
  if (found) return found
  // Sweden writes its times as ISO 8601 does.
  const made = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium', timeZone: zone })
  formatters.set(zone, made)
  return made
}

function signed(value: number, size: string): string {
  if (!/[1-9]/.test(size)) return size
  return `${value < 0 ? '−' : '+'}${size}`
}

function decimals(value: number, places: number): string {
  return value
    .toLocaleString('en', { minimumFractionDigits: places, maximumFractionDigits: places })
    .replace(/^-(?=[0.,]*$)/, '')
    .replace('-', '−')
}
