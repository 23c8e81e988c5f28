import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Duplex, pipeline } from 'node:stream'
import type { PhoneNetwork } from './phone-browser.ts'

export type ForwardProxy = AsyncDisposable & { url: string }

const BAD_GATEWAY = 502

/**
 * An HTTP proxy on loopback whose connections are all the phone's. Where one fails, so does the browser's: an answer of
 * the proxy's own would be taken for the server's.
 */
export async function startForwardProxy(network: PhoneNetwork): Promise<ForwardProxy> {
  const connections = new Set<Duplex>()
  const keep = <T extends Duplex>(connection: T): T => {
    connections.add(connection)
    connection.on('error', () => {})
    connection.on('close', () => connections.delete(connection))
    return connection
  }
  const reach = (host: string, port: number) => {
    const connection = network.connect(host, port)
    return connection && keep(connection)
  }
  const server = createServer((incoming, response) => forward(incoming, response, reach))
  server.on('connection', keep)
  server.on('connect', (incoming: IncomingMessage, client: Duplex, head: Buffer) =>
    tunnel(incoming, client, head, reach),
  )
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const connection of connections) connection.destroy()
      await new Promise<void>((done) => server.close(() => done()))
    },
  }
}

type Reach = PhoneNetwork['connect']

/** A request with an absolute address, over a connection of its own. */
function forward(incoming: IncomingMessage, response: ServerResponse, reach: Reach): void {
  const url = new URL(incoming.url ?? '')
  const connection = reach(url.hostname, Number(url.port || 80))
  if (connection === null) {
    response.destroy()
    return
  }
  const { 'proxy-connection': _, ...kept } = incoming.headers
  const headers = { ...kept, connection: 'close' }
  const { method } = incoming
  const outgoing = request(url, { createConnection: () => connection, method, headers })
  outgoing.on('error', () => response.destroy())
  outgoing.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? BAD_GATEWAY, answer.headers)
    pipeline(answer, response, () => {})
  })
  response.on('close', () => outgoing.destroy())
  incoming.pipe(outgoing)
}

function tunnel(incoming: IncomingMessage, client: Duplex, head: Buffer, reach: Reach): void {
  const { hostname, port } = new URL(`http://${incoming.url}`)
  const connection = reach(hostname, Number(port || 80))
  if (connection === null) {
    client.end(`HTTP/1.1 ${BAD_GATEWAY} Bad Gateway\r\n\r\n`)
    return
  }
  client.write('HTTP/1.1 200 Connection established\r\n\r\n')
  connection.write(head)
  pipeline(client, connection, client, () => {})
}
