import { createContext, Script } from 'node:vm'
import { DOMParser } from '@xmldom/xmldom'
import type { DeviceProfile } from '../media-element/device-profile.ts'
import { support } from '../media-element/device-profile.ts'
import { DomElement, SourceElement } from '../media-element/dom-element.ts'
import { HandlerTarget } from '../media-element/event-handlers.ts'
import { MediaElement } from '../media-element/media-element.ts'
import { MediaError } from '../media-element/media-error.ts'
import type { MediaHost } from '../media-element/media-host.ts'
import { MediaSource } from '../media-element/media-source.ts'
import type { PageClock } from '../media-element/page-clock.ts'
import { SourceBuffer } from '../media-element/source-buffer.ts'
import { TimeRanges } from '../media-element/time-ranges.ts'
import type { PageNetwork } from './page-network.ts'
import { pageTime } from './page-time.ts'
import { PageXmlHttpRequest } from './xml-http-request.ts'

export type RealmOptions = {
  clock: PageClock
  /** What the page's `Date` says at the clock's 0; ms. */
  epochMs: number
  profile: DeviceProfile
  network: PageNetwork
  userAgent: string
}

/** A page without a screen, in which a player's own code runs. */
export type Realm = {
  /** Its global object. */
  globals: Record<string, unknown>
  /** Runs a script of a browser, such as a player's build. @param name for its error messages */
  run(code: string, name: string): unknown
  /** @param network what the element asks for files by; the page's if not given */
  createVideo(network?: PageNetwork): MediaElement
}

/** Classes that Node has as browsers do; buffers too, so that what a script makes and what it is given are of one class. */
const SHARED = {
  ...{ ArrayBuffer, SharedArrayBuffer, DataView, Uint8Array, Uint8ClampedArray, Uint16Array, Uint32Array },
  ...{ Int8Array, Int16Array, Int32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array },
  ...{ Event, EventTarget, AbortController, AbortSignal, DOMException, Headers, Request, Response, Blob },
  ...{ ReadableStream, WritableStream, TransformStream, TextEncoder, TextDecoder, URLSearchParams },
  ...{ atob, btoa, structuredClone, queueMicrotask, crypto, console },
}

/**
 * Makes a page: a context with what a browser's page has and nothing of Node. Its time is the clock's, its network the one
 * that is given. It is no boundary against code that means harm (Node's documentation of `vm`): only builds of players that
 * were put there run in it.
 */
export function createRealm(options: RealmOptions): Realm {
  const { clock, network, userAgent, profile } = options
  const host: MediaHost = { clock, profile, network, objectUrls: new Map() }
  const time = pageTime(clock, options.epochMs)
  const page = new HandlerTarget()
  const globals: Record<string, unknown> = {
    ...SHARED,
    ...time,
    ...mediaClasses(host),
    ...elementClasses(),
    URL: urlClass(host),
    DOMParser,
    VTTCue: class {},
    CustomEvent,
    XMLHttpRequest: class extends PageXmlHttpRequest {
      constructor() {
        super(network, clock)
      }
    },
    fetch: (input: RequestInfo, init?: RequestInit) => network(new Request(input, init)),
    navigator: navigatorOf(profile, userAgent),
    location: new URL('https://player.invalid/'),
    screen: { width: 1920, height: 1080 },
    devicePixelRatio: 1,
    status: '',
    name: '',
    matchMedia: () => ({ matches: false, addEventListener() {}, removeEventListener() {}, addListener() {} }),
    document: documentOf(host),
    addEventListener: page.addEventListener.bind(page),
    removeEventListener: page.removeEventListener.bind(page),
    dispatchEvent: page.dispatchEvent.bind(page),
  }
  const context = createContext(globals, { codeGeneration: { strings: false, wasm: false } })
  const run = (code: string, name: string) => new Script(code, { filename: name }).runInContext(context)
  run(SETUP, 'setup')
  return {
    globals,
    run,
    createVideo: (own = network) => new MediaElement({ ...host, network: own }),
  }
}

/**
 * Names of a page's global object, what Chromium has and Node 24 has not, and functions: those that Node made, such as `then` of
 * a promise of `crypto.subtle`, are functions too. hls.js tells promises by that.
 */
const SETUP = `globalThis.window = globalThis.self = globalThis
Object.defineProperty(Function, Symbol.hasInstance, { value: (one) => typeof one === 'function' })
for (const Class of [Map, WeakMap]) {
  Class.prototype.getOrInsertComputed ??= function (key, make) {
    if (!this.has(key)) this.set(key, make(key))
    return this.get(key)
  }
  Class.prototype.getOrInsert ??= function (key, value) {
    return this.getOrInsertComputed(key, () => value)
  }
}`

function mediaClasses(host: MediaHost) {
  class PageMediaSource extends MediaSource {
    static isTypeSupported(type: string): boolean {
      return support(host.profile, type) === 'probably'
    }

    constructor() {
      super(host)
    }
  }
  return { MediaSource: PageMediaSource, SourceBuffer, TimeRanges, MediaError, HTMLMediaElement: MediaElement }
}

function elementClasses() {
  const HTMLVideoElement = MediaElement
  return {
    HTMLVideoElement,
    HTMLAudioElement: MediaElement,
    HTMLElement: DomElement,
    Element: DomElement,
    Node: DomElement,
  }
}

function urlClass(host: MediaHost) {
  let ids = 0
  return class extends URL {
    static override createObjectURL(object: unknown): string {
      if (!(object instanceof MediaSource || object instanceof Blob))
        throw new TypeError('It is no media source or blob.')
      ids += 1
      const url = `blob:https://player.invalid/${ids}`
      host.objectUrls.set(url, object)
      return url
    }

    static override revokeObjectURL(url: string): void {
      host.objectUrls.delete(url)
    }
  }
}

function documentOf(host: MediaHost) {
  const create = (name: string) => {
    const tag = name.toLowerCase()
    if (tag === 'video' || tag === 'audio') return new MediaElement(host, tag)
    return tag === 'source' ? new SourceElement() : new DomElement(name)
  }
  const parts = { documentElement: new DomElement('html'), head: new DomElement('head'), body: new DomElement('body') }
  return Object.assign(new HandlerTarget(), {
    ...parts,
    createElement: create,
    createElementNS: (_: string, name: string) => create(name),
    getElementsByTagName: () => [],
    querySelector: () => null,
    querySelectorAll: () => [],
    readyState: 'complete',
    visibilityState: 'visible',
    hidden: false,
    fullscreenElement: null,
    baseURI: 'https://player.invalid/',
  })
}

function navigatorOf(profile: DeviceProfile, userAgent: string) {
  type Asked = { video?: { contentType: string }; audio?: { contentType: string }; keySystemConfiguration?: unknown }
  return {
    userAgent,
    vendor: 'Google Inc.',
    platform: 'Linux x86_64',
    language: 'en',
    languages: ['en'],
    onLine: true,
    hardwareConcurrency: 2,
    maxTouchPoints: 0,
    mediaCapabilities: {
      async decodingInfo(configuration: Asked) {
        const types = [configuration.video, configuration.audio].flatMap((one) => one?.contentType ?? [])
        const supported = types.every((type) => support(profile, type) !== '') && !configuration.keySystemConfiguration
        return { supported, smooth: supported, powerEfficient: supported, keySystemAccess: null, configuration }
      },
    },
    async requestMediaKeySystemAccess(keySystem: string) {
      throw new DOMException(`${keySystem} is not there.`, 'NotSupportedError')
    },
  }
}
