/** Preloaded into a process: its own clock is so many ms off (`CLOCK_OFFSET_MS`), as that of a machine set wrongly. */
const offsetMs = Number(process.env.CLOCK_OFFSET_MS ?? 0)
const RealDate = Date

globalThis.Date = class extends RealDate {
  constructor(...given: []) {
    super(...((given.length === 0 ? [RealDate.now() + offsetMs] : given) as []))
  }

  static override now(): number {
    return RealDate.now() + offsetMs
  }
} as DateConstructor
