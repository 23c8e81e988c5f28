import type { Transport } from './transport.ts'

type Rule = { destination: string; transport: Transport }

const FIRST_FREE_PORT = 32_768
const FIRST_ORDINARY_PORT = 1024

/**
 * The reverse forwards of a device. Its ports are a table and not listeners: many test devices share one machine, on
 * which the port of the phone is also the host's.
 */
export class ReverseForwards {
  readonly #rules = new Map<number, Rule>()
  #lastFreePort = FIRST_FREE_PORT

  get destinations(): Map<number, string> {
    return new Map([...this.#rules].map(([port, { destination }]) => [port, destination]))
  }

  /** The rule of a port of the phone. */
  find(port: number): Rule | null {
    return this.#rules.get(port) ?? null
  }

  /** As adbd drops what a host asked for when that host is gone. */
  dropOf(transport: Transport): void {
    for (const [port, rule] of this.#rules) if (rule.transport === transport) this.#rules.delete(port)
  }

  /** The answer to what follows `reverse:`, byte for byte as adbd gives it to a host. */
  answer(request: string, transport: Transport): string {
    if (request === 'list-forward') return protocolString(this.#list())
    if (request === 'killforward-all') {
      this.#rules.clear()
      return 'OKAY'
    }
    const [, verb, norebind, rest = ''] = request.match(/^(forward|killforward):(norebind:)?(.*)$/) ?? []
    if (verb === 'killforward') return this.#remove(rest)
    if (verb === 'forward') return this.#add(rest, norebind === undefined, transport)
    return fail('not a reverse forwarding command')
  }

  #list(): string {
    return [...this.#rules].map(([port, { destination }]) => `host-1 tcp:${port} ${destination}\n`).join('')
  }

  #remove(local: string): string {
    const port = tcpPort(local)
    if (port === null || !this.#rules.delete(port)) return fail(`listener '${local}' not found`)
    return 'OKAY'
  }

  /** The port is answered even where it was asked for by number. */
  #add(spec: string, rebind: boolean, transport: Transport): string {
    const [local = '', destination = ''] = spec.split(';')
    const asked = tcpPort(local)
    if (asked === null || destination === '') return fail(`cannot bind listener: unknown socket specification: ${spec}`)
    const port = asked === 0 ? ++this.#lastFreePort : asked
    if (port < FIRST_ORDINARY_PORT) return fail('cannot bind listener: Permission denied')
    if (!rebind && this.#rules.has(port)) return fail('cannot rebind existing socket')
    this.#rules.set(port, { destination, transport })
    return `OKAY${protocolString(String(port))}`
  }
}

function tcpPort(spec: string): number | null {
  const port = Number(spec.match(/^tcp:(\d{1,5})$/)?.[1] ?? Number.NaN)
  return port <= 65_535 ? port : null
}

/** Four hexadecimal digits of length, then the text. */
function protocolString(text: string): string {
  return `${text.length.toString(16).padStart(4, '0')}${text}`
}

function fail(message: string): string {
  return `FAIL${protocolString(message)}`
}
