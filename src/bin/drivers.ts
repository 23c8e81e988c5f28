import { availableParallelism } from 'node:os'
import { findBrowser, INSTALL_BROWSER } from '../drivers/chromium/find-browser.ts'
import type { Driver } from '../drivers/driver.ts'
import { provedAddresses } from '../origins/proof.ts'
import type { Shape } from '../origins/shaper.ts'
import { BUNDLED_STREAM, headlessFiles, pageFiles } from './page-files.ts'
import { VERSION } from './version.ts'

/** What a driver is made for. */
export type DriverSetting = {
  env: Readonly<Record<string, string | undefined>>
  /** The agent's folder. */
  home: string
  /** The devices that it has, such as `WS01-S03`. */
  labNames: readonly string[]
  /** From one start of a browser's page to the next, ms. */
  apartMs: number
  /** A slow path for a device, for tests; null for none. */
  shapeOf: (labName: string) => Shape | null
  onError: (error: unknown) => void
}

/** The most player processes of one agent, where it has no more processors. Each plays one stream while there are enough. */
const MOST_PLAYERS = 8

/** Every driver, by the name that the command line gives it. Its modules are loaded when it is made. */
export const DRIVERS: Record<string, (setting: DriverSetting) => Promise<Driver>> = {
  async headless({ onError }) {
    const { createHeadlessDriver } = await import('../drivers/headless/driver.ts')
    const { processStarter } = await import('../player-process/start-process.ts')
    const processors = availableParallelism()
    return createHeadlessDriver({
      page: headlessFiles,
      warmUp: BUNDLED_STREAM,
      startHost: processStarter(VERSION),
      most: Math.max(MOST_PLAYERS, processors),
      processors,
      onError,
    })
  },
  async simulated() {
    const { createSimulatedDriver } = await import('../drivers/simulated/driver.ts')
    return createSimulatedDriver()
  },
  async chromium({ env, apartMs, shapeOf }) {
    const { createChromiumDriver } = await import('../drivers/chromium/driver.ts')
    const executable = await findBrowser(env)
    if (executable === null) throw new Error(`There is no Chromium or Chrome here: ${INSTALL_BROWSER}.`)
    const sandbox = env.DOAI_CHROMIUM_SANDBOX !== 'off' && process.getuid?.() !== 0
    return createChromiumDriver({
      version: VERSION,
      executable,
      sandbox,
      page: pageFiles,
      addresses: provedAddresses(VERSION),
      apartMs,
      shapeOf,
    })
  },
  async adb({ env, home, labNames, onError }) {
    const { createAdbDriver } = await import('../drivers/adb/driver.ts')
    return createAdbDriver({ env, home, labNames, page: pageFiles, onError })
  },
}
