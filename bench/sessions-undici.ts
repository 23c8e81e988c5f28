import { setTimeout as delay } from 'node:timers/promises'
import { Agent } from 'undici'

/** Fetches a segment of pictures and one of sound for each of so many, once in a segment's length; tells the cores it took. */
const [url = '', count = '', segment = '', measured = ''] = process.argv.slice(2)
const agent = new Agent({ connections: 6 * Number(count) })
const ends = performance.now() + (Number(measured) + 5) * 1000

async function fetchOne(path: string): Promise<void> {
  const { body } = await agent.request({ origin: url, path, method: 'GET' })
  for await (const _ of body);
}

async function one(at: number): Promise<void> {
  await delay(Math.random() * Number(segment) * 1000)
  for (let number = 1; performance.now() < ends; number++) {
    await Promise.all([fetchOne(`/0-${number}?${at}`), fetchOne(`/3-${number}?${at}`)])
    await delay(Number(segment) * 1000)
  }
}

const all = Promise.all(Array.from({ length: Number(count) }, (_, at) => one(at)))
await delay(5000)
const before = process.cpuUsage()
await delay(Number(measured) * 1000)
const { user, system } = process.cpuUsage(before)
process.send?.((user + system) / 1e6 / Number(measured))
await all
await agent.close()
process.disconnect?.()
