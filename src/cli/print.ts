import { jsonText } from '../report/shown-text.ts'
import type { Context } from './context.ts'

/** Prints JSON for scripts where it was asked for, else what `text` makes of it. */
export function print<T>({ out }: Context, options: { json?: boolean }, value: T, text: (value: T) => string): void {
  out(options.json ? jsonText(value, 2) : text(value))
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}

export function clock(time: string | null): string {
  return time === null ? '–' : new Date(time).toTimeString().slice(0, 8)
}
