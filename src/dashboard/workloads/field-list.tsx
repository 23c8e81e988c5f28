import type { ReactNode } from 'react'
import { useWords } from '../preferences.tsx'
import { OwnProblem } from './fields.tsx'

/** `key` tells one from others while the form is open. */
export type Listed = { key: number }

/** Groups of fields that are added, changed and removed: what they are called, one by one, is their number. */
export function FieldList<T extends Listed>({
  all,
  most,
  first,
  add,
  pathOf,
  onAll,
  children,
}: {
  all: readonly T[]
  most: number
  /** As one begins that is added. */
  first: Omit<T, 'key'>
  add: string
  /** As the API names it. */
  pathOf: (one: T) => string
  onAll: (all: readonly T[]) => void
  children: (one: T, set: (part: Partial<T>) => void, path: string) => ReactNode
}) {
  const words = useWords()
  const key = Math.max(0, ...all.map((one) => one.key)) + 1
  const change = (changed: T, part: Partial<T>) =>
    onAll(all.map((one) => (one.key === changed.key ? { ...one, ...part } : one)))
  return (
    <>
      {all.map((one, at) => (
        <fieldset key={one.key} className="gate">
          <legend>{at + 1}</legend>
          <div className="fields">{children(one, (part) => change(one, part), pathOf(one))}</div>
          <OwnProblem path={pathOf(one)} />
          <button
            type="button"
            className="button small"
            onClick={() => onAll(all.filter((other) => other.key !== one.key))}
          >
            {words.common.remove}
          </button>
        </fieldset>
      ))}
      {all.length < most && (
        <button type="button" className="button" onClick={() => onAll([...all, { ...first, key } as T])}>
          {add}
        </button>
      )}
    </>
  )
}
