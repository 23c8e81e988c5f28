import { Socket } from 'node:net'
import type { AdbServerClient } from '@yume-chan/adb'
import { MaybeConsumable, PushReadableStream } from '@yume-chan/stream-extra'

const CONNECT_MS = 5000

/**
 * How the library reaches an adb server: over TCP on this machine. Unlike the library's own connector it ends a stream
 * with its socket however that ends, so that nothing waits for a server that was killed.
 */
export class AdbConnector implements AdbServerClient.ServerConnector {
  readonly #port: number

  constructor(port: number) {
    this.#port = port
  }

  async connect({ signal }: AdbServerClient.ServerConnectionOptions = {}): Promise<AdbServerClient.ServerConnection> {
    const socket = new Socket(signal ? { signal: signal as AbortSignal } : {})
    socket.setNoDelay(true).connect(this.#port, '127.0.0.1')
    socket.setTimeout(CONNECT_MS, () => socket.destroy(new Error('The adb server does not answer.')))
    await new Promise<void>((done, fail) => {
      socket.once('connect', done)
      socket.once('error', fail)
    })
    socket.setTimeout(0)
    return connectionOf(socket)
  }

  addReverseTunnel(): never {
    throw new Error('A phone is forwarded to a port that is served already.')
  }

  removeReverseTunnel(): void {}

  clearReverseTunnels(): void {}
}

function connectionOf(socket: Socket): AdbServerClient.ServerConnection {
  const closed = new Promise<undefined>((done) => socket.once('close', () => done(undefined)))
  // What broke it is told by its streams.
  socket.on('error', () => {})
  return {
    readable: new PushReadableStream((controller) => {
      socket.on('data', (data) => {
        if (controller.abortSignal.aborted) return
        socket.pause()
        controller.enqueue(data).then(
          () => socket.resume(),
          () => socket.destroy(),
        )
      })
      socket.once('close', () => {
        try {
          controller.close()
        } catch {
          // Its reader has cancelled it.
        }
      })
    }),
    writable: new MaybeConsumable.WritableStream({
      write: (chunk) =>
        new Promise<void>((done, fail) => socket.write(chunk, (error) => (error ? fail(error) : done()))),
    }),
    closed,
    close() {
      socket.end()
      // Who does not close the other half would keep it for good.
      socket.setTimeout(CONNECT_MS, () => socket.destroy())
    },
  }
}
