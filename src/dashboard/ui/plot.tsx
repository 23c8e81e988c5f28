import { useEffect, useRef } from 'react'
import uPlot, { type AlignedData, type Options } from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { usePreferences } from '../preferences.tsx'

const HEIGHT = 220

/** Colours of lines, told apart also by how they are dashed; chosen for both themes. */
export const LINES = ['#2563eb', '#d97706', '#059669', '#db2777', '#7c3aed', '#0891b2', '#65a30d', '#dc2626']
export const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3], [], [8, 4], [2, 3], [10, 3, 2, 3]]

type Props = {
  /** What it shows, for those who do not see it. */
  label: string
  data: AlignedData
  series: Options['series']
  axes: { x: (value: number) => string; y: (value: number) => string }
  range?: [number, number]
}

/** Series along an axis; drawn anew as wide as there is room. */
export function Plot({ label, data, series, axes, range }: Props) {
  const { theme } = usePreferences()
  const box = useRef<HTMLDivElement>(null)
  // A theme changes the colours that are read from the element.
  useEffect(() => {
    const element = box.current
    if (element === null) return
    const style = getComputedStyle(element)
    const [stroke, grid] = [style.getPropertyValue('color'), style.getPropertyValue('border-top-color')]
    const axis = { stroke, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 }, font: '12px system-ui' }
    const plot = new uPlot(
      {
        width: element.clientWidth || 600,
        height: HEIGHT,
        series,
        scales: { x: { time: false }, y: range ? { range } : {} },
        axes: [
          { ...axis, values: (_, ticks) => ticks.map(axes.x) },
          { ...axis, size: 64, values: (_, ticks) => ticks.map(axes.y) },
        ],
        legend: { live: false },
        cursor: { drag: { x: false, y: false } },
      },
      data,
      element,
    )
    const resized = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT }))
    resized.observe(element)
    return () => {
      resized.disconnect()
      plot.destroy()
    }
  }, [data, series, axes, range, theme])
  return <div ref={box} className="plot" role="img" aria-label={label} />
}
