import { request } from 'node:http'
import type { PhoneBrowser, PhoneNetwork } from './phone-browser.ts'

/** No browser, for many devices at once: it fetches a page's address once, over plain HTTP, and runs nothing. */
export function createFetchingBrowser(): PhoneBrowser {
  return {
    async open(url, network) {
      const abort = new AbortController()
      const fetched = fetchOnce(new URL(url), network, abort.signal).catch(() => {})
      return {
        hidden: async () => {},
        async [Symbol.asyncDispose]() {
          abort.abort()
          await fetched
        },
      }
    },
  }
}

/** Rejects where the connection fails; any status is well. */
async function fetchOnce(url: URL, network: PhoneNetwork, signal: AbortSignal): Promise<void> {
  const connection = network.connect(url.hostname, Number(url.port || 80))
  if (connection === null) return
  await new Promise<void>((done, fail) => {
    const outgoing = request(url, { createConnection: () => connection, signal })
    outgoing.on('error', fail)
    outgoing.once('response', (response) => {
      response.once('close', done)
      response.once('error', fail)
      response.resume()
    })
    outgoing.end()
  })
}
