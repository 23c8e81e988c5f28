import { useMemo } from 'react'
import type { AlignedData } from 'uplot'
import { useWords } from '../preferences.tsx'
import { type Figure, figureOf } from '../ui/format.ts'
import { DASHES, LINES, Plot } from '../ui/plot.tsx'
import type { Sample } from './samples.ts'

const POINTS = 200

/** The share of sessions up to each value, a line a sample. */
export default function Ecdf({ samples, figure }: { samples: readonly Sample[]; figure: Figure }) {
  const words = useWords()
  const drawn = useMemo(() => {
    const all = samples.flatMap(({ values }) => [values[0] ?? 0, values.at(-1) ?? 0])
    const [least, most] = [Math.min(...all), Math.max(...all)]
    const width = (most - least) / POINTS || 1
    const x = Array.from({ length: POINTS + 1 }, (_, at) => least + at * width)
    const lines = samples.map(({ values }) => x.map((value) => shareUpTo(values, value)))
    const series = samples.map(({ key }, at) => ({
      label: key || words.results.bys.all,
      stroke: LINES[at % LINES.length] as string,
      dash: DASHES[at % DASHES.length] ?? [],
      width: 2,
      points: { show: false },
    }))
    return {
      data: [x, ...lines] as AlignedData,
      series: [{ label: words.results.metrics[figure] }, ...series],
      axes: {
        x: (value: number) => figureOf(figure, value, words),
        y: (value: number) => `${Math.round(value * 100)} %`,
      },
    }
  }, [samples, figure, words])
  return <Plot label={`${words.results.plot}: ${words.results.metrics[figure]}`} range={RANGE} {...drawn} />
}

const RANGE: [number, number] = [0, 1]

function shareUpTo(values: readonly number[], value: number): number {
  let [low, high] = [0, values.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((values[middle] as number) <= value + 1e-9) low = middle + 1
    else high = middle
  }
  return values.length === 0 ? 0 : low / values.length
}
