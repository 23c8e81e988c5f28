import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'

/**
 * What a path does to what crosses it. `well`: nothing. `cut`: breaks every connection and takes none. `silent`: takes
 * connections and bytes and passes nothing on. `slow`: passes all on, late. `twice`: the server gets every request
 * twice, the client one of the answers. `half`: the client never gets an answer to what the server was asked.
 */
export type PathFault = 'well' | 'cut' | 'silent' | 'slow' | 'twice' | 'half'

export type FaultyProxy = AsyncDisposable & { url: string; become(fault: PathFault): void }

const SLOW_MS = 400

/** A path to one server, on loopback, that can be broken in the ways that networks break. */
export async function startFaultyProxy(target: string): Promise<FaultyProxy> {
  const { hostname, port } = new URL(target)
  let fault: PathFault = 'well'
  const sockets = new Set<Socket>()
  const keep = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    return socket
  }
  const reach = () => keep(connect(Number(port), hostname))
  const server = createServer((client) => {
    keep(client)
    if (fault === 'cut') return client.destroy()
    const upstream = reach()
    const shadow = fault === 'twice' ? reach() : null
    shadow?.resume()
    const pass = (to: Socket, piece: Buffer) => {
      if (fault === 'slow') setTimeout(() => to.write(piece), SLOW_MS)
      else if (fault !== 'silent') to.write(piece)
    }
    client.on('data', (piece) => {
      pass(upstream, piece)
      shadow?.write(piece)
    })
    upstream.on('data', (piece) => {
      if (fault === 'half') client.destroy()
      else pass(client, piece)
    })
    client.on('close', () => {
      upstream.destroy()
      shadow?.destroy()
    })
    upstream.on('close', () => client.destroy())
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    become(next) {
      fault = next
      // What was open before goes through the fault too: it is opened anew.
      if (next === 'cut' || next === 'twice') for (const socket of sockets) socket.destroy()
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((done) => server.close(() => done()))
    },
  }
}
