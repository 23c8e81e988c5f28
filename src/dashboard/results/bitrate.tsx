import { useMemo } from 'react'
import uPlot, { type AlignedData } from 'uplot'
import { useWords } from '../preferences.tsx'
import { decimals } from '../ui/format.ts'
import { LINES, Plot } from '../ui/plot.tsx'

/** Which bitrate was played when, in steps. */
export default function Bitrate({
  steps,
  endMs,
}: {
  steps: readonly { atMs: number; bitrateKbps: number }[]
  endMs: number
}) {
  const words = useWords()
  const drawn = useMemo(() => {
    const last = steps.at(-1)
    const x = [...steps.map(({ atMs }) => atMs), endMs]
    const y = [...steps.map(({ bitrateKbps }) => bitrateKbps), last?.bitrateKbps ?? 0]
    const paths = uPlot.paths.stepped?.({ align: 1 })
    return {
      data: [x, y] as AlignedData,
      series: [
        { label: words.session.at },
        { label: 'kbit/s', stroke: LINES[0] as string, width: 2, points: { show: false }, ...(paths ? { paths } : {}) },
      ],
      axes: {
        x: (ms: number) => `${decimals(ms / 1000, 1, words)} s`,
        y: (value: number) => decimals(value, 0, words),
      },
    }
  }, [steps, endMs, words])
  return <Plot label={words.session.bitrate} {...drawn} />
}
