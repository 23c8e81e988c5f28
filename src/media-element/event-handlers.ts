/** An event target whose handlers may also be set as properties, such as `onupdateend`. */
export class HandlerTarget extends EventTarget {
  /** Fires an event at it now. */
  fire(type: string): void {
    const event = new Event(type)
    const handler: unknown = Reflect.get(this, `on${type}`)
    if (typeof handler === 'function') handler.call(this, event)
    this.dispatchEvent(event)
  }
}
