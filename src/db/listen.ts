import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'

export type ListenOptions = {
  url: string
  channels: readonly string[]
  onNotification: (channel: string, payload: string) => void
  /** Called when notifications may have been missed. */
  onReconnect: () => void
  signal: AbortSignal
}

/** Listens on a connection of its own until the signal aborts; a broken one is made anew, with growing pauses. */
export async function listen(options: ListenOptions): Promise<void> {
  const { signal, onReconnect } = options
  for (let pause = 100; !signal.aborted; pause = Math.min(pause * 2, 5000)) {
    try {
      await listenOnce(options, () => {
        pause = 100
        onReconnect()
      })
    } catch {
      await delay(pause, undefined, { signal }).catch(() => {})
    }
  }
}

async function listenOnce(
  { url, channels, onNotification, signal }: ListenOptions,
  onReady: () => void,
): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'doai listen', keepAlive: true })
  const ended = new Promise<void>((done, fail) => {
    client.on('error', fail)
    client.on('end', () => done())
  })
  ended.catch(() => {})
  client.on('notification', ({ channel, payload }) => onNotification(channel, payload ?? ''))
  const { promise: aborted, resolve: abort } = Promise.withResolvers<void>()
  const close = () => {
    client.end().catch(() => {})
    abort()
  }
  if (signal.aborted) return
  signal.addEventListener('abort', close, { once: true })
  try {
    // A client that is closed while it connects never says that it has.
    await Promise.race([client.connect(), aborted])
    signal.throwIfAborted()
    for (const channel of channels) await client.query(`LISTEN ${pg.escapeIdentifier(channel)}`)
    onReady()
    await Promise.race([ended, aborted])
  } finally {
    signal.removeEventListener('abort', close)
    close()
  }
}
