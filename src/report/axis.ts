/** Round numbers from `least` to `most`, at most so many steps apart: of 1, 2 or 5 times a power of ten. */
export function roundTicks(least: number, most: number, steps: number): number[] {
  const rough = (most - least) / steps
  if (!(rough > 0)) return [least]
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * ([1, 2, 5].find((times) => times * power >= rough * 0.999) ?? 10)
  const first = Math.ceil(least / step - 1e-9)
  return Array.from({ length: Math.floor(most / step + 1e-9) - first + 1 }, (_, at) => (first + at) * step)
}

/** A linear scale. */
export function scale(from: number, to: number, start: number, end: number): (value: number) => number {
  const span = to - from || 1
  return (value) => start + ((value - from) / span) * (end - start)
}
