/**
 * What `dumpsys` and its like print, read. Formats of Android 7 to 16. Patterns stay on their line: `\s` at the start of one
 * takes the square of the time where many lines are empty.
 */

export type Battery = { percent: number | null; temperatureC: number | null }

/** Of `dumpsys battery`: the level over its scale; the temperature is in tenths of a degree. */
export function readBattery(text: string): Battery {
  const number = (key: string) => {
    const found = text.match(new RegExp(`^[ \\t]*${key}: (-?\\d+)$`, 'm'))?.[1]
    return found === undefined ? null : Number(found)
  }
  const level = number('level')
  const scale = number('scale') ?? 100
  const tenths = number('temperature')
  const percent = level === null || scale <= 0 ? null : Math.round((level / scale) * 100)
  return {
    percent: percent === null ? null : Math.max(0, Math.min(100, percent)),
    temperatureC: tenths === null ? null : tenths / 10,
  }
}

/** Of `dumpsys connectivity`: whether there is a default network. What does not say is taken for yes. */
export function hasNetwork(text: string): boolean {
  return !/^[ \t]*Active default network: none[ \t\r]*$/m.test(text)
}

/** Of `dumpsys window policy`: whether the keyguard covers the screen. */
export function isLocked(text: string): boolean {
  return /^[ \t]*(?:mIsShowing|showing|isKeyguardShowing)=true\b/m.test(text)
}

/** Of `dumpsys power`. */
export function isAwake(text: string): boolean {
  return /mWakefulness=Awake\b/.test(text)
}

/** Of `wm size`: what it was set to, else what it has; such as `1080x2400`. */
export function readScreen(text: string): string | null {
  return (text.match(/Override size: (\d+x\d+)/) ?? text.match(/Physical size: (\d+x\d+)/))?.[1] ?? null
}
