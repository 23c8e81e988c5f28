import { type ChildProcess, fork } from 'node:child_process'
import { ENDED_FOR } from './messages.ts'

/** How much of its standard error is kept, in characters: V8's last words, with their stack. */
const KEPT_CHARACTERS = 16_384
/** Windows starts nothing without its root; compiled modules are half of what a start costs. */
const INHERITED = ['SystemRoot', 'NODE_COMPILE_CACHE', 'NODE_EXTRA_CA_CERTS'] as const
const OUT_OF_MEMORY = /heap out of memory|invalid size error|invalid array length|invalid table size/i

/**
 * Starts a process whose heap is limited, and whose watchdog (`start-watchdog.ts`) ends it. No tokens, no database's
 * address and no NODE_OPTIONS that lift the limit reach it.
 */
export function forkGuarded(file: URL, args: readonly string[], memoryMb: number): ChildProcess {
  return fork(file, args, {
    serialization: 'advanced',
    execArgv: [`--max-old-space-size=${memoryMb}`],
    env: Object.fromEntries(INHERITED.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : []))),
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
}

/** What a guarded process wrote before it ended, and so which limit it met. */
export class LastWords {
  #text = ''

  constructor(child: ChildProcess) {
    child.stderr?.setEncoding('utf8').on('data', (piece: string) => {
      this.#text = (this.#text + piece).slice(-KEPT_CHARACTERS)
    })
  }

  /** null where no limit explains its end. */
  get limit(): 'memory' | 'time' | null {
    if (this.#text.includes(ENDED_FOR.time)) return 'time'
    return this.#text.includes(ENDED_FOR.memory) || OUT_OF_MEMORY.test(this.#text) ? 'memory' : null
  }
}
