import { styleText } from 'node:util'
import type { Context } from './context.ts'

type Style = Parameters<typeof styleText>[0]

/** Prints JSON for scripts where it was asked for, else what `text` makes of it. */
export function print<T>({ out }: Context, options: { json?: boolean }, value: T, text: (value: T) => string): void {
  out(options.json ? JSON.stringify(value, null, 2) : text(value))
}

export function paint(context: Pick<Context, 'terminal'>, style: Style, value: string): string {
  return context.terminal ? styleText(style, value, { validateStream: false }) : value
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}

export function clock(time: string | null): string {
  return time === null ? '–' : new Date(time).toTimeString().slice(0, 8)
}
