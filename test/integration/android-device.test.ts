import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type AdbServer, AGAIN_WHERE_ADB_ENDS, startAdbServer } from '../support/android/adb-server.ts'
import { type AndroidDevice, createAndroidDevice } from '../support/android/android-device.ts'
import { createChromiumBrowser } from '../support/android/chromium-browser.ts'
import { BROWSER, BROWSER_PACKAGE, HOME } from '../support/android/phone.ts'
import { parseCommandLine } from '../support/android/shell-words.ts'

const CHROMIUM = '/usr/bin/chromium'
/** The server tries to reach a lost device again every ten seconds. */
const RECONNECTED = { timeout: 40_000, interval: 100 }
const SOON = { timeout: 120_000, interval: 50 }

let server: AdbServer

beforeAll(async () => {
  server = await startAdbServer()
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
})

/** A device that the server has. */
async function connected(options: Parameters<typeof createAndroidDevice>[0] = {}): Promise<AndroidDevice> {
  const device = await createAndroidDevice(options)
  expect(await server.connect(device.address)).toContain(`connected to ${device.address}`)
  return device
}

function shell(device: AndroidDevice, line: string): Promise<string> {
  return server.adb('-s', device.address, 'shell', line)
}

async function stateOf(device: AndroidDevice): Promise<string | undefined> {
  return (await server.devices()).get(device.address)
}

describe('a device that the real adb server takes for a phone', AGAIN_WHERE_ADB_ENDS, () => {
  test('is listed with its model and tells its properties', async () => {
    await using device = await connected()
    expect(await server.adb('devices', '-l')).toMatch(
      new RegExp(`${device.address}\\s+device product:shiba model:Pixel_8 device:shiba`),
    )
    expect(await shell(device, 'getprop ro.product.model')).toBe('Pixel 8\n')
    expect(await shell(device, 'getprop')).toContain('[ro.build.version.release]: [14]\n')
    expect(device.violations).toEqual([])
  })

  test('gives exit codes and both outputs through the shell protocol', async () => {
    await using device = await connected()
    await expect(shell(device, 'echo said; pm path no.such.app')).rejects.toMatchObject({ code: 1, stdout: 'said\n' })
    await expect(shell(device, 'nonsense')).rejects.toMatchObject({
      code: 127,
      stderr: 'sh: nonsense: inaccessible or not found\n',
    })
    expect(device.violations).toEqual(['unknown command: nonsense'])
  })

  test('sends three megabytes, with and without the shell protocol', async () => {
    await using device = await connected()
    const text = 'video'.repeat(600_000)
    device.commands.set('flood', () => ({ out: text }))
    expect(await shell(device, 'flood')).toBe(text)
    expect(await server.adb('-s', device.address, 'exec-out', 'flood')).toBe(text)
  })

  test('changes as its commands say', async () => {
    await using device = await connected({ state: { keyguard: 'swipe' } })
    await shell(device, 'input keyevent KEYCODE_SLEEP')
    expect(await shell(device, 'dumpsys power')).toContain('mWakefulness=Asleep')
    await shell(device, 'input keyevent 224')
    expect(await shell(device, 'dumpsys window policy')).toContain('showing=true')
    await shell(device, 'wm dismiss-keyguard && svc power stayon true && settings put system screen_brightness 7')
    expect(await shell(device, 'dumpsys window')).toContain(`mCurrentFocus=Window{3e1f4c9 u0 ${HOME}}`)
    expect(await shell(device, 'settings get global stay_on_while_plugged_in')).toBe('15\n')
    expect(await shell(device, 'settings get system screen_brightness')).toBe('7\n')
    device.setWifi(false)
    device.overheat(47.5)
    expect(await shell(device, 'dumpsys connectivity')).toContain('Active default network: none')
    expect(await shell(device, 'dumpsys battery')).toContain('  temperature: 475\n')
    expect(device.violations).toEqual([])
  })
})

describe('what a shell would make of an argument', AGAIN_WHERE_ADB_ENDS, () => {
  const hostile = 'http://localhost:1/a?b=$(touch x);c&d=`e`|f>g \'h\' "i" $j\nk'

  test('is a violation where it is not quoted', async () => {
    await using device = await connected()
    await shell(device, 'am start -d http://localhost:1/a?b=$(touch x);c').catch(() => {})
    expect(device.violations).toHaveLength(3)
    expect(device.violations.join()).toMatch(/unquoted \?.*expansion of \$\(touch x\).*unknown command: c/s)
  })

  test('is nothing but an argument where it is quoted', async () => {
    await using device = await connected()
    await shell(device, `echo '${hostile.replaceAll("'", "'\\''")}' -d "http://localhost:1/a?b;c"`)
    expect(device.violations).toEqual([])
    expect(device.executed).toEqual([{ argv: ['echo', hostile, '-d', 'http://localhost:1/a?b;c'] }])
  })

  test.each([
    ['echo $HOME', 'expansion of $HOME'],
    ['echo "$(id)"', 'expansion of $(id)'],
    ['echo "`id`"', 'expansion of `id`'],
    ['echo a | id', 'unquoted |'],
    ['echo a || id', 'unquoted ||'],
    ['echo a & id', 'unquoted &'],
    ['echo a > /sdcard/b', 'redirection > /sdcard/b'],
    ['echo a\nid', 'a newline starts id'],
    ['echo ~', 'unquoted ~'],
    ["echo 'a", "unterminated '"],
  ])('%j', (line, violation) => {
    expect(parseCommandLine(line).violations).toEqual([expect.stringContaining(violation)])
  })

  test.each([
    ['echo a\'b c\'"d e"f\\ g', ['echo', 'ab cd ef g']],
    ['echo "\\$a \\`b\\` \\"c\\" \\d 5$ $"', ['echo', '$a `b` "c" \\d 5$ $']],
    ["echo '' a#b\\\nc", ['echo', '', 'a#bc']],
  ])('%j is plain', (line, argv) => {
    expect(parseCommandLine(line)).toEqual({ commands: [{ argv, joint: ';' }], violations: [] })
  })
})

/** Counts the requests for each path; every answer is the page. */
async function startSite(page: string) {
  const paths: string[] = []
  const site = createServer((request, response) => {
    paths.push(request.url ?? '')
    response.writeHead(200, { 'content-type': 'text/html' }).end(page)
  })
  await new Promise<void>((done) => site.listen(0, '127.0.0.1', done))
  return {
    paths,
    port: (site.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      site.closeAllConnections()
      await new Promise<void>((done) => site.close(() => done()))
    },
  }
}

/** The phone's port, which is not the host's: what reaches the site went through the tunnel. */
async function reverse(device: AndroidDevice, hostPort: number): Promise<number> {
  const phonePort = await server.adb('-s', device.address, 'reverse', 'tcp:0', `tcp:${hostPort}`)
  return Number(phonePort)
}

describe('reverse forwards', AGAIN_WHERE_ADB_ENDS, () => {
  test('are added, listed and removed', async () => {
    await using device = await connected()
    const adbReverse = (...args: string[]) => server.adb('-s', device.address, 'reverse', ...args)
    expect(await adbReverse('tcp:8081', 'tcp:9081')).toBe('8081\n')
    expect(await adbReverse('--list')).toContain('host-1 tcp:8081 tcp:9081\n')
    await expect(adbReverse('--no-rebind', 'tcp:8081', 'tcp:1')).rejects.toThrow('cannot rebind existing socket')
    const chosen = await reverse(device, 9082)
    expect(device.reversed).toEqual(
      new Map([
        [8081, 'tcp:9081'],
        [chosen, 'tcp:9082'],
      ]),
    )
    await adbReverse('--remove', 'tcp:8081')
    await expect(adbReverse('--remove', 'tcp:8081')).rejects.toThrow("listener 'tcp:8081' not found")
    await adbReverse('--remove-all')
    expect(device.reversed.size).toBe(0)
  })

  test('bring a page of the host to the phone', async () => {
    await using site = await startSite('')
    await using device = await connected()
    const port = await reverse(device, site.port)
    const view = `am start -W -a android.intent.action.VIEW -d 'http://localhost:${port}/s/one?two=3&four'`
    expect(await shell(device, view)).toMatch(
      /^Starting: Intent \{ act=\S+ dat=http:\/\/localhost:\d+\/\.{3} \}\nStatus: ok\nLaunchState: COLD\n/,
    )
    await vi.waitFor(() => expect(site.paths).toEqual(['/s/one?two=3&four']), SOON)
    expect(device.foreground).toBe(BROWSER)
    expect(await shell(device, `pidof ${BROWSER_PACKAGE}`)).toMatch(/^\d+\n$/)
    await shell(device, `am force-stop ${BROWSER_PACKAGE}`)
    expect(device.foreground).toBe(HOME)
    device.fillDisk()
    await expect(shell(device, view)).rejects.toMatchObject({ code: 1, stderr: /No space left on device/ })
  })

  test('and nothing else reaches the host', async () => {
    await using site = await startSite('')
    await using device = await connected()
    const error = await new Promise((done) => device.connectLocal(site.port).once('error', done))
    expect(error).toMatchObject({ code: 'ECONNREFUSED' })
    device.setWifi(false)
    expect(device.connect('example.com', 80)).toBeNull()
  })

  test('loses its other connections with its Wi-Fi', async () => {
    await using site = await startSite('')
    await using device = await connected()
    // An address of this machine that a phone does not take for itself.
    const open = device.connect('0.0.0.0', site.port)
    await once(open ?? expect.unreachable(), 'connect')
    const broken = new Promise((done) => open?.once('error', done))
    await shell(device, 'svc wifi disable')
    expect(await broken).toMatchObject({ message: 'network is down' })
  })
})

describe.skipIf(!existsSync(CHROMIUM))('a phone with a real browser', () => {
  const PAGE = `<!doctype html><script>
    window.seen = [document.visibilityState]
    document.addEventListener('visibilitychange', () => seen.push(document.visibilityState))
  </script>`

  test('opens a page through the tunnel, hides it, shows it and closes it', async () => {
    await using site = await startSite(PAGE)
    await using browser = createChromiumBrowser(CHROMIUM)
    await using device = await connected({ browser })
    const port = await reverse(device, site.port)
    const url = `http://localhost:${port}/s/one`
    await shell(device, `am start -a android.intent.action.VIEW -d ${url}`)
    // The page runs: what is hidden before that is the empty one before it.
    const seen = () => browser.pages()[0]?.evaluate('window.seen')
    await vi.waitFor(async () => expect(await seen()).toEqual(['visible']), SOON)
    await shell(device, 'input keyevent HOME')
    await shell(device, `am start -n ${BROWSER}`)
    await shell(device, `am start -a android.intent.action.VIEW -d ${url}`)
    await device.settled()
    const [page] = browser.pages()
    expect(page?.url()).toBe(url)
    expect(await seen()).toEqual(['visible', 'hidden', 'visible'])
    expect(
      await page?.evaluate("fetch('http://localhost:1/', { mode: 'no-cors' }).then(() => 'reached', () => 'failed')"),
    ).toBe('failed')
    expect(await page?.evaluate('navigator.userAgent')).toContain('Mobile Safari')
    expect(site.paths.filter((path) => path === '/s/one')).toHaveLength(1)
    await shell(device, `am force-stop ${BROWSER_PACKAGE}`)
    await device.settled()
    expect(browser.pages()).toEqual([])
    expect(device.phone.browser.errors).toEqual([])
  })
})

describe('what may happen to a phone', AGAIN_WHERE_ADB_ENDS, () => {
  test('it vanishes and appears', async () => {
    await using device = await connected()
    await server.adb('-s', device.address, 'reverse', 'tcp:8081', 'tcp:9081')
    await device.vanish()
    expect(await server.connect(device.address)).toContain('failed to connect')
    await vi.waitFor(async () => expect(await stateOf(device)).not.toBe('device'), SOON)
    expect(device.reversed.size).toBe(0)
    await device.appear()
    await vi.waitFor(async () => expect(await stateOf(device)).toBe('device'), RECONNECTED)
    expect(await shell(device, 'echo back')).toBe('back\n')
  })

  test('it hangs and wakes', async () => {
    await using device = await connected()
    device.hang()
    const answer = shell(device, 'echo late')
    await expect(Promise.race([answer, delay(500, 'silence')])).resolves.toBe('silence')
    expect(await stateOf(device)).toBe('device')
    expect(device.executed).toEqual([])
    device.wake()
    expect(await answer).toBe('late\n')
  })

  test('it reboots', async () => {
    await using device = await connected()
    await shell(device, "am start -a android.intent.action.VIEW -d 'http://localhost:1/'")
    const back = device.reboot(500)
    await vi.waitFor(async () => expect(await stateOf(device)).not.toBe('device'), SOON)
    await back
    expect(device.foreground).toBe(HOME)
    expect(device.phone.locked).toBe(true)
    await vi.waitFor(async () => expect(await stateOf(device)).toBe('device'), RECONNECTED)
  })

  test('it is offline', async () => {
    await using device = await connected()
    device.offline()
    await vi.waitFor(async () => expect(await stateOf(device)).toBe('offline'), SOON)
    await expect(shell(device, 'true')).rejects.toThrow('device offline')
    await device.appear()
    await vi.waitFor(async () => expect(await stateOf(device)).toBe('device'), RECONNECTED)
  })

  test('it comes back at once where the server forgets it first', async () => {
    await using device = await connected()
    await device.vanish()
    await vi.waitFor(async () => expect(await stateOf(device)).toBe('offline'), SOON)
    await server.disconnect(device.address)
    expect(await stateOf(device)).toBeUndefined()
    await device.appear()
    expect(await server.connect(device.address)).toContain('connected to')
    expect(await stateOf(device)).toBe('device')
  })

  test('it no longer trusts the host', async () => {
    await using device = await connected()
    device.refuseAuthorization()
    await vi.waitFor(async () => expect(await stateOf(device)).toBe('unauthorized'), RECONNECTED)
    await device.appear()
    await vi.waitFor(async () => expect(await stateOf(device)).toBe('device'), RECONNECTED)
  })

  test('its browser is killed', async () => {
    await using device = await connected()
    await shell(device, "am start -a android.intent.action.VIEW -d 'http://localhost:1/'")
    device.killBrowser()
    expect(device.foreground).toBe(HOME)
    await expect(shell(device, `pidof ${BROWSER_PACKAGE}`)).rejects.toMatchObject({ code: 1 })
  })

  test('the server itself is killed and started', async () => {
    await using own = await startAdbServer()
    await using device = await createAndroidDevice()
    await own.connect(device.address)
    const { pid } = own
    await own.kill()
    await own.start()
    expect(own.pid).not.toBe(pid)
    expect(await own.devices()).toEqual(new Map())
    await own.connect(device.address)
    expect(await own.devices()).toEqual(new Map([[device.address, 'device']]))
  })
})
