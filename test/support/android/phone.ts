import type { Duplex } from 'node:stream'
import type { BrowserApp } from './phone-browser.ts'

type Keyguard = 'none' | 'swipe' | 'secure'

export type SettingsNamespace = 'global' | 'system' | 'secure'

/** What a test may set at any time; commands see it at their next run. */
export type PhoneState = {
  serial: string
  model: string
  manufacturer: string
  /** Version of Android as people say it, such as `14`. */
  release: string
  /** API level of Android. */
  sdk: number
  /** Percent. */
  batteryLevel: number
  temperatureC: number
  power: 'none' | 'ac' | 'usb' | 'wireless'
  keyguard: Keyguard
  wifi: boolean
  diskFull: boolean
  /** Installed packages and their launcher activities. */
  packages: Map<string, string>
  settings: Record<SettingsNamespace, Map<string, string>>
}

export const BROWSER_PACKAGE = 'com.android.chrome'
export const BROWSER = `${BROWSER_PACKAGE}/com.google.android.apps.chrome.Main`
const HOME_PACKAGE = 'com.google.android.apps.nexuslauncher'
export const HOME = `${HOME_PACKAGE}/.NexusLauncherActivity`

/** A charged Pixel on its cable, on Wi-Fi. */
export function defaultPhoneState(serial: string): PhoneState {
  return {
    serial,
    model: 'Pixel 8',
    manufacturer: 'Google',
    release: '14',
    sdk: 34,
    batteryLevel: 85,
    temperatureC: 28.5,
    power: 'usb',
    keyguard: 'swipe',
    wifi: true,
    diskFull: false,
    packages: new Map([
      [HOME_PACKAGE, '.NexusLauncherActivity'],
      [BROWSER_PACKAGE, 'com.google.android.apps.chrome.Main'],
      ['com.android.settings', '.Settings'],
    ]),
    settings: {
      global: new Map([
        ['stay_on_while_plugged_in', '0'],
        ['airplane_mode_on', '0'],
      ]),
      system: new Map([
        ['screen_brightness', '102'],
        ['screen_brightness_mode', '1'],
        ['screen_off_timeout', '60000'],
      ]),
      secure: new Map([['android_id', '9774d56d682e549c']]),
    },
  }
}

const FIRST_PID = 4211

/** What is on the screen of a phone and what runs behind it. */
export class Phone {
  readonly state: PhoneState
  readonly browser: BrowserApp
  /** Of its apps, over Wi-Fi. */
  readonly #connections = new Set<Duplex>()
  readonly #now: () => number
  readonly #pids = new Map<string, number>()
  #lastPid = FIRST_PID
  #foreground = HOME
  #awake = true
  #locked = false
  #bootedAt: number

  /** @param now milliseconds since 1970. */
  constructor(state: PhoneState, browser: BrowserApp, now: () => number) {
    this.state = state
    this.browser = browser
    this.#now = now
    this.#bootedAt = now()
    this.goHome()
  }

  /** The component on top, whether or not the keyguard covers it. */
  get foreground(): string {
    return this.#foreground
  }

  get awake(): boolean {
    return this.#awake
  }

  get locked(): boolean {
    return this.#locked
  }

  /** Milliseconds since 1970. */
  get now(): number {
    return this.#now()
  }

  get uptimeMs(): number {
    return this.#now() - this.#bootedAt
  }

  /** The process of a package; null: it does not run. */
  pidOf(name: string): number | null {
    return this.#pids.get(name) ?? null
  }

  /** @returns whether the package was not running before. */
  bringToFront(component: string): boolean {
    const name = packageOf(component)
    const cold = !this.#pids.has(name)
    if (cold) this.#pids.set(name, ++this.#lastPid)
    this.#foreground = component
    this.#cover()
    return cold
  }

  goHome(): void {
    this.bringToFront(HOME)
  }

  stop(name: string): void {
    this.#pids.delete(name)
    if (name === BROWSER_PACKAGE) this.browser.close()
    if (name === packageOf(this.#foreground)) this.goHome()
  }

  /** Without Wi-Fi all connections over it break. */
  setWifi(on: boolean): void {
    this.state.wifi = on
    if (!on) for (const connection of this.#connections) connection.destroy(new Error('network is down'))
  }

  keepConnection(connection: Duplex): Duplex {
    this.#connections.add(connection)
    return connection.on('close', () => this.#connections.delete(connection))
  }

  wakeUp(): void {
    this.#awake = true
    this.#cover()
  }

  sleep(): void {
    this.#awake = false
    this.#locked = this.state.keyguard !== 'none'
    this.#cover()
  }

  /** A keyguard that wants a PIN stays. */
  dismissKeyguard(): void {
    if (this.state.keyguard !== 'secure') this.#locked = false
    this.#cover()
  }

  /** As it is after a start: nothing but the launcher runs, behind the keyguard. */
  reboot(): void {
    this.browser.close()
    this.#pids.clear()
    this.#bootedAt = this.#now()
    this.#awake = true
    this.#locked = this.state.keyguard !== 'none'
    this.goHome()
  }

  #cover(): void {
    const shown = this.#awake && !this.#locked && packageOf(this.#foreground) === BROWSER_PACKAGE
    this.browser.setHidden(!shown)
  }
}

export function packageOf(component: string): string {
  return component.split('/', 1)[0] ?? component
}
