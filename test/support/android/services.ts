import type { Duplex } from 'node:stream'
import { encodeShellPackets, SHELL_PACKET } from './packets.ts'
import type { Phone } from './phone.ts'
import type { ReverseForwards } from './reverse-forwards.ts'
import { runCommandLine, type Shell } from './shell.ts'
import type { Service, Transport } from './transport.ts'

export type ServiceParts = { phone: Phone; shell: Shell; reverse: ReverseForwards }

type CommandService = { protocol: 'plain' | 'v2'; pty: boolean; line: string }

/** The service of a name as in AOSP's SERVICES.TXT; null: this device has none of that name. */
export function findService(name: string, transport: Transport, parts: ServiceParts): Service | null {
  if (name.startsWith('reverse:')) {
    const answer = parts.reverse.answer(name.slice('reverse:'.length), transport)
    return (stream) => stream.resume().end(answer)
  }
  const command = commandService(name)
  if (command === null) return null
  return (stream) => {
    // What comes for standard input is read, so that the host is never kept waiting, and thrown away.
    stream.resume()
    runService(command, stream, parts).catch((error) => stream.destroy(error))
  }
}

/** An interactive shell, which has no command line, is not offered. */
function commandService(name: string): CommandService | null {
  const [, kind, options = '', line = ''] = name.match(/^(shell|exec)((?:,[^:]*)?):(.+)$/s) ?? []
  if (kind === undefined) return null
  const words = options.split(',')
  return { protocol: words.includes('v2') ? 'v2' : 'plain', pty: words.includes('pty'), line }
}

async function runService(service: CommandService, stream: Duplex, { shell, phone }: ServiceParts): Promise<void> {
  const { out, err, code } = await runCommandLine(service.line, shell, phone)
  if (stream.destroyed) return
  if (service.protocol === 'plain') {
    stream.end(out + err)
    return
  }
  const ended = encodeShellPackets(SHELL_PACKET.EXIT, Buffer.from([code]))
  // A terminal has one output, and its line ends are two characters.
  const terminal = [encodeShellPackets(SHELL_PACKET.STDOUT, Buffer.from((out + err).replaceAll('\n', '\r\n')))]
  const pipes = () => [
    encodeShellPackets(SHELL_PACKET.STDOUT, Buffer.from(out)),
    encodeShellPackets(SHELL_PACKET.STDERR, Buffer.from(err)),
  ]
  stream.end(Buffer.concat([...(service.pty ? terminal : pipes()), ended]))
}
