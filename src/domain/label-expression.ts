/** One requirement on a device's labels; all of an expression's must hold. */
export type LabelRequirement =
  | { kind: 'in'; key: string; values: string[] }
  | { kind: 'notIn'; key: string; values: string[] }
  | { kind: 'exists'; key: string }
  | { kind: 'absent'; key: string }

/** A label expression that cannot be read; `message` says where and why. */
export class LabelExpressionError extends Error {
  override name = 'LabelExpressionError'
}

/** What a label's key, and its value, may be made of. */
export const LABEL_KEY = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$/
export const LABEL_VALUE = /^[^\s,()=!][^,()=!]{0,199}$/

const SET = /^(\S+)\s+(in|notin)\s+\(([^()]*)\)$/
const EQUALS = /^([^=!\s]+)\s*(==|=|!=)\s*(.*)$/

/**
 * Reads an expression in the syntax of Kubernetes label selectors: `ap=west`, `model!=Pixel 6`, `hub in (1, 2)`,
 * `hub notin (3)`, `uplink`, `!uplink`, joined by commas. As there, `!=` and `notin` hold where the label is absent.
 *
 * @throws LabelExpressionError
 */
export function parseLabelExpression(text: string): LabelRequirement[] {
  const parts = splitOutsideParentheses(text).map((part) => part.trim())
  return parts.map((part, at) => {
    if (part === '') throw new LabelExpressionError(`requirement ${at + 1} is empty`)
    return requirementOf(part)
  })
}

/** At commas whose next parenthesis does not close; in one pass, since a text from outside may be all commas. */
function splitOutsideParentheses(text: string): string[] {
  const parts: string[] = []
  let from = 0
  let open = false
  for (let at = 0; at < text.length; at++) {
    const sign = text[at]
    if (sign === '(') open = true
    else if (sign === ')') open = false
    else if (sign === ',' && !open) {
      parts.push(text.slice(from, at))
      from = at + 1
    }
  }
  return [...parts, text.slice(from)]
}

function requirementOf(part: string): LabelRequirement {
  const set = part.match(SET)
  if (set) {
    const values = (set[3] as string).split(',').map((value) => labelValue(value.trim(), part))
    return { kind: set[2] === 'in' ? 'in' : 'notIn', key: labelKey(set[1] as string, part), values }
  }
  const equals = part.match(EQUALS)
  if (equals) {
    const values = [labelValue((equals[3] as string).trim(), part)]
    return { kind: equals[2] === '!=' ? 'notIn' : 'in', key: labelKey(equals[1] as string, part), values }
  }
  if (part.startsWith('!')) return { kind: 'absent', key: labelKey(part.slice(1).trim(), part) }
  return { kind: 'exists', key: labelKey(part, part) }
}

function labelKey(key: string, part: string): string {
  if (LABEL_KEY.test(key)) return key
  throw new LabelExpressionError(`“${part}” has no label name such as ap before its rule`)
}

function labelValue(value: string, part: string): string {
  if (LABEL_VALUE.test(value)) return value
  throw new LabelExpressionError(`“${part}” has no value such as west after its rule`)
}

/** A label of a device; no name of an object's own methods is one that it has. */
export function labelOf(labels: Readonly<Record<string, string>> | undefined, key: string): string | undefined {
  return labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined
}

/** Whether labels meet every requirement. */
export function labelsMatch(labels: Readonly<Record<string, string>>, all: readonly LabelRequirement[]): boolean {
  return all.every((one) => meets(labelOf(labels, one.key), one))
}

function meets(value: string | undefined, one: LabelRequirement): boolean {
  switch (one.kind) {
    case 'in':
      return value !== undefined && one.values.includes(value)
    case 'notIn':
      return value === undefined || !one.values.includes(value)
    case 'exists':
      return value !== undefined
    case 'absent':
      return value === undefined
  }
}
