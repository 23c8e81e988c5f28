import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { within } from '../../../src/drivers/within.ts'
import { phoneCommands } from './commands/commands.ts'
import { createFetchingBrowser } from './fetching-browser.ts'
import { BROWSER_PACKAGE, defaultPhoneState, Phone, type PhoneState } from './phone.ts'
import { BrowserApp, type PhoneBrowser } from './phone-browser.ts'
import { ReverseForwards } from './reverse-forwards.ts'
import { findService } from './services.ts'
import type { Executed, PhoneCommand, Shell } from './shell.ts'
import { type Admission, Transport } from './transport.ts'

export type AndroidDeviceOptions = {
  /** Where `am start` opens web pages; without one, pages are fetched once and not run. */
  browser?: PhoneBrowser
  /** Differences to a charged, unlocked phone on Wi-Fi. */
  state?: Partial<PhoneState>
  /** Milliseconds since 1970. */
  now?: () => number
}

/** An Android phone with `adb tcpip` on, listening on a free port of loopback. */
export async function createAndroidDevice(options: AndroidDeviceOptions = {}): Promise<AndroidDevice> {
  const device = new AndroidDevice(options)
  await device.appear()
  return device
}

const LOOPBACK = '127.0.0.1'
const THIS_PHONE = /^(?:localhost|.+\.localhost|127\.\d+\.\d+\.\d+|\[?::1\]?)$/
const FEATURES = 'shell_v2,cmd'

let lastSerial = 0

/** What an adb server meets at an address. The methods are what may happen to a phone in a lab. */
export class AndroidDevice implements AsyncDisposable {
  readonly phone: Phone
  readonly #shell: Shell = { commands: phoneCommands(), executed: [], violations: [] }
  readonly #reverse = new ReverseForwards()
  readonly #transports = new Set<Transport>()
  readonly #ended = new AbortController()
  #server: Server | null = null
  #port = 0
  #admission: Admission = 'accepted'
  #hung = false
  #handshakesToLose = 0

  constructor({ browser = createFetchingBrowser(), state = {}, now = Date.now }: AndroidDeviceOptions) {
    lastSerial++
    const complete = { ...defaultPhoneState(`TEST${String(lastSerial).padStart(6, '0')}`), ...state }
    const network = { connect: (host: string, port: number) => this.connect(host, port) }
    this.phone = new Phone(complete, new BrowserApp(browser, network), now)
  }

  get port(): number {
    return this.#port
  }

  /** For `adb connect`; then also the serial that the server knows it by. */
  get address(): string {
    return `${LOOPBACK}:${this.#port}`
  }

  /** Each program that a command line named, in order, known or not. */
  get executed(): Executed[] {
    return this.#shell.executed
  }

  /** What a real shell would have expanded, redirected or run and which is no plain command known here. */
  get violations(): string[] {
    return this.#shell.violations
  }

  /** The programs by name, to which a test may add. */
  get commands(): Map<string, PhoneCommand> {
    return this.#shell.commands
  }

  /** The host's destination, such as `tcp:8080`, of each reversed port of the phone. */
  get reversed(): Map<number, string> {
    return this.#reverse.destinations
  }

  get foreground(): string {
    return this.phone.foreground
  }

  get state(): PhoneState {
    return this.phone.state
  }

  /** A connection of an app to a port of the phone itself: adbd's, where it is reversed; refused otherwise. */
  connectLocal(port: number): Duplex {
    const rule = this.#reverse.find(port)
    return rule ? rule.transport.open(rule.destination) : refused(port)
  }

  /** A connection of an app; null: there is no network. */
  connect(host: string, port: number): Duplex | null {
    if (THIS_PHONE.test(host)) return this.connectLocal(port)
    return this.state.wifi ? this.phone.keepConnection(connect(port, host)) : null
  }

  /** The cable is out: its connections break and its port is closed. What runs on it runs on. */
  async vanish(): Promise<void> {
    const server = this.#server
    this.#server = null
    this.#disconnect()
    if (server) await new Promise<void>((done) => server.close(() => done()))
  }

  /** Undoes `vanish`, `offline` and `refuseAuthorization`: at the same port it takes connections and admits them. */
  async appear(): Promise<void> {
    if (this.#admission !== 'accepted') this.#admit('accepted')
    if (this.#server !== null || this.#ended.signal.aborted) return
    const server = createServer((socket) => {
      // One that was on its way when the cable came out would keep the port from closing.
      if (this.#server !== server) return void socket.destroy()
      const silent = this.#handshakesToLose > 0
      if (silent) this.#handshakesToLose -= 1
      const transport = new Transport(socket, this.#transportOptions(silent ? 'silent' : this.#admission), this.#hung)
      this.#transports.add(transport)
      socket.on('close', () => {
        this.#transports.delete(transport)
        this.#reverse.dropOf(transport)
      })
    })
    this.#server = server
    await new Promise<void>((done, fail) => server.once('error', fail).listen(this.#port, LOOPBACK, done))
    this.#port = (server.address() as AddressInfo).port
  }

  /** Takes connections and bytes and answers nothing. */
  hang(): void {
    this.#hung = true
    for (const transport of this.#transports) transport.hang()
  }

  /** Goes on after `hang`, beginning with what it was sent meanwhile. */
  wake(): void {
    this.#hung = false
    for (const transport of this.#transports) transport.wake()
  }

  /** Resolves when it is back, after `milliseconds` without a connection: at home, with no page and nothing reversed. */
  async reboot(milliseconds: number): Promise<void> {
    await this.vanish()
    this.phone.reboot()
    await delay(milliseconds, undefined, { signal: this.#ended.signal }).catch(() => {})
    await this.appear()
  }

  /** Breaks its connections, takes new ones and never answers a host that introduces itself. */
  offline(): void {
    this.#admit('silent')
  }

  /** Breaks its connections and never answers the next host that introduces itself; those after it are admitted. */
  loseHandshake(): void {
    this.#handshakesToLose = 1
    this.#disconnect()
  }

  /** Forgets all hosts: nobody presses the button that would let one in. */
  refuseAuthorization(): void {
    this.#admit('unauthorized')
  }

  fillDisk(): void {
    this.state.diskFull = true
  }

  overheat(celsius: number): void {
    this.state.temperatureC = celsius
  }

  setWifi(on: boolean): void {
    this.phone.setWifi(on)
  }

  /** As when Android reclaims its memory: the page is gone and the launcher is there. */
  killBrowser(): void {
    this.phone.stop(BROWSER_PACKAGE)
  }

  /** Resolves when its browser has done all that it was asked to. */
  settled(): Promise<void> {
    return this.phone.browser.settled()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort()
    this.phone.browser.close()
    // A page or a socket that does not end is not what a test asks.
    await within(this.vanish(), 10_000)
    await within(this.settled(), 10_000)
  }

  #transportOptions(admission: Admission) {
    const parts = { phone: this.phone, shell: this.#shell, reverse: this.#reverse }
    return {
      admission,
      banner: `device::ro.product.name=shiba;ro.product.model=${this.state.model};ro.product.device=shiba;features=${FEATURES}`,
      serviceOf: (name: string, transport: Transport) => findService(name, transport, parts),
    }
  }

  #admit(admission: Admission): void {
    this.#admission = admission
    this.#disconnect()
  }

  #disconnect(): void {
    for (const transport of this.#transports) transport.close()
  }
}

/** It fails on a later turn, as a network does: whoever asked for it can listen first. */
function refused(port: number): Duplex {
  const error = Object.assign(new Error(`connect ECONNREFUSED ${LOOPBACK}:${port}`), { code: 'ECONNREFUSED' })
  return new Duplex({ construct: (callback) => setImmediate(callback, error) })
}
