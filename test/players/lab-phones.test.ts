import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AGAIN_WHERE_ADB_ENDS } from '../support/android/adb-server.ts'
import { canBeMixed, MixedLab } from './mixed-lab.ts'

const it = test.skipIf(!canBeMixed)
let lab: MixedLab

beforeAll(async () => {
  if (canBeMixed) lab = await MixedLab.start()
}, 120_000)

afterAll(async () => {
  await lab?.[Symbol.asyncDispose]()
})

describe('phones of a lab', AGAIN_WHERE_ADB_ENDS, () => {
  it('a phone that is unplugged in the middle: lost, tried again when it is back, the next batch unharmed', async () => {
    const phone = await lab.phoneAt('S05')
    const tried = await lab.goesThrough('unplugged', ['S05', 'S06'], async () => {
      await phone.vanish()
      await lab.why('S05', /S05 .*offline: .* is not connected/)
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
    // The agent starts it again, and tells it of the phones that it knew.
    const tried = await lab.goesThrough('server-killed', ['S05', 'S06'], () => lab.adbServer.kill())
    expect(tried).toEqual([
      { slot: 'S05', failure: 'lost', message: 'the phone was disconnected' },
      { slot: 'S05', failure: null, message: null },
      { slot: 'S06', failure: null, message: null },
    ])
  })

  it('a phone whose browser is killed in the middle is noticed before it is silent for long, and tried again', async () => {
    const phone = await lab.phoneAt('S05')
    const tried = await lab.goesThrough('phone-browser-killed', ['S05', 'S06'], async () => phone.killBrowser())
    expect(tried).toEqual([
      { slot: 'S05', failure: 'lost', message: 'its browser ended' },
      { slot: 'S05', failure: null, message: null },
      { slot: 'S06', failure: null, message: null },
    ])
  })
})
