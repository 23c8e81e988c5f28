import { z } from 'zod'
import { storableText } from './storable-text.ts'

/**
 * The types that every field from outside is made of: what passes them, PostgreSQL takes. `input-fields.test.ts` in
 * src/protocol finds a call with a field of another type.
 */

/** Part of every text. */
export const storable = z.check<string>(({ value, issues }) => {
  if (storableText(value, value.length) === value) return
  issues.push({ code: 'custom', input: value, message: 'must have no NUL and no half of a surrogate pair' })
})

/** A text of at most `most` UTF-16 units. Refuses NUL and unpaired surrogates, which PostgreSQL cannot store. */
export function text(most: number) {
  return z.string().max(most, { abort: true }).check(storable)
}

/** A text of a pattern. @param rule what is said of any other, where its length is the matter too. */
export function textLike(pattern: RegExp, most: number, rule?: string) {
  const params = { abort: true, ...(rule === undefined ? {} : { error: rule }) }
  return z.string().regex(pattern, params).max(most).check(storable)
}

/** A text from a device, player or stream: cut to `most` UTF-16 units, and without what PostgreSQL cannot store. */
export function mendedText(most: number) {
  return z
    .string()
    .overwrite((said) => storableText(said, most))
    .max(most)
    .check(storable)
}

/** Lower case, as PostgreSQL writes it: the same id is the same text. */
export const uuid = z.uuid().toLowerCase()

/** Part of every number with a fraction: a product or quotient of smaller ones is 0, which PostgreSQL refuses. */
export const notTiny = z.overwrite<number>((value) => (Math.abs(value) < 1e-9 ? 0 : value))

/** A number with a fraction: sums of a billion of them and products of two are in the range of `double precision`. */
export function fraction(least: number, most: number) {
  return z.number().check(notTiny).min(least).max(most)
}

/** The same of what is more than 0. */
export function positive(most: number) {
  return z.number().check(notTiny).positive().max(most)
}

const MOST_FIGURE = 1e12
/** A measured figure; where it is a time in ms, at most 31 years. */
export const figure = fraction(-MOST_FIGURE, MOST_FIGURE)
/** The same of what cannot be negative. */
export const amount = fraction(0, MOST_FIGURE)

/** A count in a column of the type `integer`. */
export const count = z.int().min(0).max(2_147_483_647)
/** A count in a column of the type `bigint`; its sums are exact in JavaScript. */
export const bytes = z.int().min(0).max(1e15)

const MOST_JSON = 8192

/** Part of every JSON object that is passed on and not looked into: it fits a column, and PostgreSQL takes its texts. */
export const storableJson = z.check<Record<string, unknown>>(({ value, issues }) => {
  const message = faultOfJson(value)
  if (message !== null) issues.push({ code: 'custom', input: value, message })
})

/** A JSON object of at most 8,192 UTF-16 units as text. */
export const jsonObject = z.record(z.string(), z.unknown()).check(storableJson)

function faultOfJson(value: Record<string, unknown>): string | null {
  let isStorable = true
  const look = (key: string, part: unknown) => {
    isStorable &&= [key, part].every((one) => typeof one !== 'string' || storableText(one, one.length) === one)
    return part
  }
  try {
    if (JSON.stringify(value, look).length > MOST_JSON) return `must be at most ${MOST_JSON} characters of JSON`
  } catch {
    return 'is nested too deeply'
  }
  return isStorable ? null : 'must have no NUL and no half of a surrogate pair'
}
