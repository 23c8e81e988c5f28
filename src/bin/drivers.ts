import type { Driver } from '../drivers/driver.ts'
import { createHeadlessDriver } from '../drivers/headless/driver.ts'
import { createSimulatedDriver } from '../drivers/simulated/driver.ts'
import { parseHlsMediaPlaylist } from '../media/hls.ts'
import { readManifest } from '../media/manifest.ts'
import { createGuardedFetch } from '../origins/undici-fetch.ts'
import { VERSION } from './version.ts'

/** Every driver, by the name that the command line gives it. */
export const DRIVERS: Record<string, () => Driver> = {
  headless: () =>
    createHeadlessDriver({
      version: VERSION,
      createFetch: createGuardedFetch,
      parse: { readManifest, parseHlsMediaPlaylist },
    }),
  simulated: () => createSimulatedDriver(),
}
