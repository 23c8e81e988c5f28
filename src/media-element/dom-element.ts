import { HandlerTarget } from './event-handlers.ts'

/** What an element is drawn at: the players of a device that shows one video as large as its screen. */
const SCREEN = { width: 1920, height: 1080 }

/** A DOM element as far as players look at one: attributes and children, and a size. It is drawn nowhere. */
export class DomElement extends HandlerTarget {
  readonly tagName: string
  readonly nodeType = 1
  readonly isConnected = true
  readonly style: Record<string, string> = {}
  readonly dataset: Record<string, string> = {}
  textContent = ''
  parentNode: DomElement | null = null
  readonly #attributes = new Map<string, string>()
  #children: DomElement[] = []

  constructor(tagName: string) {
    super()
    this.tagName = tagName.toUpperCase()
  }

  get nodeName(): string {
    return this.tagName
  }

  get children(): readonly DomElement[] {
    return this.#children
  }

  get childNodes(): readonly DomElement[] {
    return this.#children
  }

  get firstChild(): DomElement | null {
    return this.#children[0] ?? null
  }

  get clientWidth(): number {
    return SCREEN.width
  }

  get clientHeight(): number {
    return SCREEN.height
  }

  get offsetWidth(): number {
    return SCREEN.width
  }

  get offsetHeight(): number {
    return SCREEN.height
  }

  getBoundingClientRect() {
    return { ...SCREEN, x: 0, y: 0, top: 0, left: 0, right: SCREEN.width, bottom: SCREEN.height }
  }

  getAttribute(name: string): string | null {
    return this.#attributes.get(name) ?? null
  }

  hasAttribute(name: string): boolean {
    return this.#attributes.has(name)
  }

  setAttribute(name: string, value: string): void {
    this.#attributes.set(name, String(value))
  }

  removeAttribute(name: string): void {
    this.#attributes.delete(name)
  }

  appendChild<E extends DomElement>(child: E): E {
    child.remove()
    this.#children.push(child)
    child.parentNode = this
    return child
  }

  removeChild<E extends DomElement>(child: E): E {
    if (!this.#children.includes(child)) throw new DOMException('It is no child of this element.', 'NotFoundError')
    this.#children = this.#children.filter((one) => one !== child)
    child.parentNode = null
    return child
  }

  remove(): void {
    this.parentNode?.removeChild(this)
  }

  contains(other: DomElement | null): boolean {
    return other === this || this.#children.some((child) => child.contains(other))
  }

  getElementsByTagName(name: string): DomElement[] {
    const found = this.#children.flatMap((child) => [child, ...child.getElementsByTagName('*')])
    return name === '*' ? found : found.filter(({ tagName }) => tagName === name.toUpperCase())
  }

  querySelector(name: string): DomElement | null {
    return this.querySelectorAll(name)[0] ?? null
  }

  /** By the name of a tag alone. */
  querySelectorAll(name: string): DomElement[] {
    return /^\w+$/.test(name) ? this.getElementsByTagName(name) : []
  }
}

/** HTML's source element: a child of a media element that names what it is to load. */
export class SourceElement extends DomElement {
  constructor() {
    super('source')
  }

  get src(): string {
    return this.getAttribute('src') ?? ''
  }

  set src(url: string) {
    this.setAttribute('src', url)
  }

  get type(): string {
    return this.getAttribute('type') ?? ''
  }

  set type(type: string) {
    this.setAttribute('type', type)
  }
}
