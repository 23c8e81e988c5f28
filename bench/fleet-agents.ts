import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { v7 as uuidv7 } from 'uuid'
import { Agent } from '../src/agent/agent.ts'
import { createClient } from '../src/client/index.ts'
import { createSimulatedDriver } from '../src/drivers/simulated/driver.ts'
import { tradedToken } from './credential.ts'

/** Many agents in one process, each as it is in its own: `URL TOKEN FOLDER DEVICES WORKSTATION…`. */
const [url = '', token = '', folder = '', devices = '20', ...workstations] = process.argv.slice(2)
const client = createClient({ url, token })
const driver = createSimulatedDriver()
const stopping = new AbortController()
for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => stopping.abort())
let enrolled = 0
await Promise.all(
  workstations.map(async (workstation) => {
    const journalDirectory = join(folder, workstation)
    await mkdir(journalDirectory, { recursive: true })
    const credential = await tradedToken(client, url, workstation)
    await new Agent({
      workstation,
      version: '0.0.0',
      instance: uuidv7(),
      connection: { url, token: credential },
      devices: Array.from({ length: Number(devices) }, (_, at) => {
        return { slot: `S${String(at + 1).padStart(2, '0')}`, driver, model: 'simulated', labels: {} }
      }),
      journalDirectory,
      newSessionId: uuidv7,
      drain: stopping.signal,
      stop: stopping.signal,
      onEnrolled: () => {
        enrolled += 1
        if (enrolled === workstations.length) console.log('enrolled')
      },
      onError: (error) => console.error(workstation, (error as Error).message),
    }).run()
  }),
)
