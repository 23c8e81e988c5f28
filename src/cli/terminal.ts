import { randomUUID } from 'node:crypto'
import { inspect } from 'node:util'
import { createLogUpdate } from 'log-update'
import { shown } from '../report/shown-text.ts'

/** The one way to print: names, titles and what streams say come from outside, and nothing in them drives a terminal. */
export type Terminal = {
  out: (text: string) => void
  err: (text: string) => void
  /** A text that the next one takes the place of. */
  live: () => { show: (text: string) => void; end: () => void }
  /** Whether what is printed goes to a terminal: then it may be coloured and redrawn. */
  terminal: boolean
}

type Streams = {
  stdout: NodeJS.WriteStream
  stderr: NodeJS.WriteStream
  env: Readonly<Record<string, string | undefined>>
}

/** The terminal of a process. @param onReaderGone when its reader has seen enough, such as head. */
export function terminalOf({ stdout, stderr, env }: Streams, onReaderGone: () => void): Terminal {
  stdout.on('error', ({ code }: NodeJS.ErrnoException) => code === 'EPIPE' && onReaderGone())
  return {
    out: (text) => void stdout.write(`${printed(text)}\n`),
    err: (text) => void stderr.write(`${printed(text)}\n`),
    live: () => {
      const update = createLogUpdate(stdout)
      return { show: (text) => update(printed(text)), end: () => update.done() }
    },
    terminal: stdout.isTTY === true && !env.NO_COLOR,
  }
}

/** Stands before the number of a style: another one in each process, so that no text from outside has it. */
const MARK = randomUUID()
const PAINTED = new RegExp(`${MARK}(\\d{1,3});`, 'g')

type Style = 'bold' | 'dim' | 'green' | 'cyan' | 'red' | 'yellow'

export function paint({ terminal }: Pick<Terminal, 'terminal'>, style: Style, value: string): string {
  const [on, off] = inspect.colors[style] ?? [0, 0]
  return terminal ? `${MARK}${on};${value}${MARK}${off};` : value
}

function printed(text: string): string {
  return shown(text).replace(PAINTED, '\u001b[$1m')
}
