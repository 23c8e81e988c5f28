import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { canBeMixed, MixedLab } from './mixed-lab.ts'

const it = test.skipIf(!canBeMixed)
let lab: MixedLab

beforeAll(async () => {
  if (canBeMixed) lab = await MixedLab.start()
}, 120_000)

afterAll(async () => {
  await lab?.[Symbol.asyncDispose]()
})

it('a phone that is unplugged in the middle: lost, tried again when it is back, the next batch unharmed', async () => {
  const phone = await lab.phoneAt('S05')
  const tried = await lab.goesThrough('unplugged', ['WS01-S05', 'WS01-S06'], async (id) => {
    await lab.plays(id, 'S05')
    await phone.vanish()
    await delay(1000)
    const { items } = await lab.system.client.getDevices()
    expect((await lab.system.client.whyDevice(items.find(({ slot }) => slot === 'S05')?.id ?? '')).why).toMatch(/S05/)
    await phone.appear()
  })
  expect(tried).toEqual([
    { slot: 'S05', failure: 'lost', message: 'the phone was disconnected' },
    { slot: 'S05', failure: null, message: null },
    { slot: 'S06', failure: null, message: null },
  ])
  expect(phone.state.settings.global.get('stay_on_while_plugged_in')).toBe('0')
})

it('the adb server is killed in the middle: its phones’ sessions are lost, it is started again, all are retried', async () => {
  const tried = await lab.goesThrough('server-killed', ['WS01-S05', 'WS01-S06'], async (id) => {
    await lab.plays(id, 'S05')
    // The agent starts it again, and tells it of the phones that it knew.
    await lab.adbServer.kill()
  })
  expect(tried).toEqual([
    { slot: 'S05', failure: 'lost', message: 'the phone was disconnected' },
    { slot: 'S05', failure: null, message: null },
    { slot: 'S06', failure: null, message: null },
  ])
})

it('a phone whose browser is killed in the middle is noticed before it is silent for long, and tried again', async () => {
  const phone = await lab.phoneAt('S05')
  const tried = await lab.goesThrough('phone-browser-killed', ['WS01-S05', 'WS01-S06'], async (id) => {
    await lab.plays(id, 'S05')
    phone.killBrowser()
  })
  expect(tried[0]).toEqual({ slot: 'S05', failure: 'lost', message: 'its browser ended' })
  expect(tried.slice(1).map(({ failure }) => failure)).toEqual([null, null])
})
