import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AGAIN_WHERE_ADB_ENDS } from '../support/android/adb-server.ts'
import { doai } from '../support/process.ts'
import { descendants } from '../support/processes.ts'
import { canBeMixed, MixedLab } from './mixed-lab.ts'

const it = test.skipIf(!canBeMixed)
let lab: MixedLab

beforeAll(async () => {
  if (canBeMixed) lab = await MixedLab.start()
}, 120_000)

afterAll(async () => {
  await lab?.[Symbol.asyncDispose]()
})

describe('a mixed lab', AGAIN_WHERE_ADB_ENDS, () => {
  it('one workload on headless players, browsers and phones, HLS and DASH, in batches: all results in one table', async () => {
    const videos = [lab.media.video('hls'), lab.media.video('dash', undefined, 'manifest.mpd')]
    const workload = await lab.system.play(videos, {
      watchConfig: { watchDurationMin: 4, watchDurationMax: 4 },
      batchConfig: { batchSizePercent: 50, cycleIntervalSeconds: 60 },
    })
    await lab.allPlayed(workload.id)
    expect(workload).toMatchObject({ status: 'completed', completedTasks: 12, failedTasks: 0 })
    const { items } = await lab.system.client.getWorkloadResults(workload.id)
    expect(Map.groupBy(items, ({ driver }) => driver).size).toBe(3)
    for (const driver of ['headless', 'chromium', 'adb']) {
      const own = items.filter((one) => one.driver === driver)
      expect(own).toHaveLength(4)
      for (const result of own) {
        expect(result).toMatchObject({ failure: null, watchPercent: 100, hasScreenshot: false })
        expect(result.startupMs).toBeGreaterThan(0)
        expect(result.playingMs + result.rebufferMs).toBeGreaterThan(3500)
      }
    }
    const { items: batches } = await lab.system.client.getWorkloadBatches(workload.id)
    expect(batches.map(({ batchGroup, successCount }) => [batchGroup, successCount])).toEqual([
      ['A', 3],
      ['B', 3],
      ['A', 3],
      ['B', 3],
    ])
    const env = { DOAI_URL: lab.system.url, DOAI_TOKEN: lab.system.adminToken }
    const { out } = await doai(['workload', 'results', workload.id], env)
    for (const row of [/WS01-S01 +headless .* played/, /WS01-S04 +chromium .* played/, /WS01-S06 +adb .* played/]) {
      expect(out).toMatch(row)
    }
    // Of headless players alone it is known how many the machine carries.
    const capacities = async () => (await lab.system.client.getWorkstations()).items[0]?.capacities
    await expect.poll(capacities).toMatchObject([{ driver: 'headless', sessions: expect.any(Number) }])
    expect((await capacities())?.[0]?.sessions).toBeGreaterThan(10)
    const { items: devices } = await lab.system.client.getDevices()
    expect(devices.find(({ slot }) => slot === 'S05')).toMatchObject({
      driver: 'adb',
      model: expect.stringMatching(/^Google Pixel 8a? 1080x2400 127\.0\.0\.1:\d+$/),
      os: expect.stringContaining('Android 14'),
    })
  })

  it('hls.js on a headless player, a browser and a phone: each result says so', async () => {
    const workload = await lab.system.play([lab.media.video('hls-js')], {
      targetDevices: ['WS01-S01', 'WS01-S03', 'WS01-S05'],
      watchConfig: {
        watchDurationMin: 4,
        watchDurationMax: 4,
        player: { name: 'hls.js', config: { maxBufferLength: 8 } },
      },
    })
    await lab.allPlayed(workload.id)
    const { items } = await lab.system.client.getWorkloadResults(workload.id)
    expect(new Set(items.map(({ driver }) => driver))).toEqual(new Set(['headless', 'chromium', 'adb']))
    for (const result of items) {
      expect(result).toMatchObject({ failure: null, watchPercent: 100, player: 'hls.js' })
      expect(result.playerVersion).toMatch(/^1\.\d+\.\d+/)
    }
    expect(new Set(items.map(({ playerDigest }) => playerDigest)).size).toBe(1)
    // Nobody but the page marks what a phone asks for.
    const asked = lab.media.requests.filter(({ url }) => url.includes('/hls-js/'))
    const kinds = asked.map(({ cmcd }) => /me\.doai-synthetic="test".*\bot=(\w+)/.exec(cmcd ?? '')?.[1])
    expect([...new Set(kinds)].sort()).toEqual(['a', 'i', 'm', 'v'])
    const { players } = await lab.system.client.getWorkloadReport(workload.id)
    expect(players).toMatchObject([{ player: 'hls.js', sessions: 3 }])
  })

  it('a failing session on a screen keeps what it showed', async () => {
    const gone = lab.media.video('gone', ({ name }, response) => {
      if (!name.includes('00002.m4s')) return false
      response.writeHead(410, { 'access-control-allow-origin': '*' }).end()
      return true
    })
    const workload = await lab.system.play([gone], {
      targetDevices: ['WS01-S03'],
      watchConfig: { watchDurationMin: 8, watchDurationMax: 8 },
    })
    const { items } = await lab.system.client.getWorkloadResults(workload.id)
    expect(items[0]).toMatchObject({ failure: 'content', hasScreenshot: true })
    const { jpeg } = await lab.system.client.getResultScreenshot(items[0]?.id ?? '')
    expect(Buffer.from(jpeg, 'base64').subarray(0, 3)).toEqual(Buffer.from([0xff, 0xd8, 0xff]))
  })

  it('the browser is killed in the middle: its sessions are lost, another one starts, all are retried', async () => {
    const tried = await lab.goesThrough('browser-killed', ['S03', 'S04'], async () => {
      const browsers = await descendants('--remote-debugging-pipe', '--mute-audio')
      for (const pid of browsers) process.kill(pid, 'SIGKILL')
      expect(browsers.length).toBeGreaterThan(0)
    })
    expect(tried).toEqual([
      { slot: 'S03', failure: 'lost', message: 'its browser ended' },
      { slot: 'S03', failure: null, message: null },
      { slot: 'S04', failure: null, message: null },
    ])
  })

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
