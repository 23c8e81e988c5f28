import { useNavigate } from '@tanstack/react-router'
import {
  type CSSProperties,
  type KeyboardEvent,
  type MouseEvent,
  memo,
  type RefObject,
  useCallback,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from 'react'
import { type Face, faceOf, SHAPES } from '../face.ts'
import { lab, useDevice, useOfLab } from '../live.ts'
import type { Rack } from '../live-store.ts'
import { useWords } from '../preferences.tsx'
import { Mark } from '../ui/badge.tsx'
import { LookedAt } from './looked-at.tsx'

/** More devices than this are drawn small. */
const COMPACT = 600

/** A row a workstation, a cell a slot. One cell at a time is reached by Tab; arrow keys go to the others. */
export function LabGrid({ racks, only }: { racks: readonly Rack[]; only: Face | null }) {
  const words = useWords()
  const navigate = useNavigate()
  const grid = useRef<HTMLTableElement>(null)
  const [at, setAt] = useState<string | null>(null)
  const [walked, setWalked] = useState(0)
  const compact = racks.reduce((sum, { devices }) => sum + devices.length, 0) > COMPACT
  const longest = Math.max(...racks.map(({ workstation }) => workstation.length))
  const slots = Math.max(...racks.map(({ devices }) => devices.length))
  const first = racks[0]?.devices[0]?.id ?? ''
  const looked = at !== null && racks.some(({ devices }) => devices.some(({ id }) => id === at)) ? at : first
  useSeen(grid, racks)
  // A row out of sight can be focused once it is known to be looked at.
  useLayoutEffect(() => {
    if (walked > 0) grid.current?.querySelector<HTMLElement>('a[tabindex="0"]')?.focus()
  }, [walked])
  const look = useCallback((event: { target: EventTarget }) => {
    const cell = (event.target as Element).closest<HTMLElement>('a[data-device]')
    if (cell?.dataset.device) setAt(cell.dataset.device)
  }, [])
  const open = (event: MouseEvent) => {
    const cell = (event.target as Element).closest<HTMLAnchorElement>('a[data-device]')
    if (cell === null || event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return
    event.preventDefault()
    void navigate({ to: '/devices/$name', params: { name: cell.dataset.name ?? '' } })
  }
  const walk = (event: KeyboardEvent) => {
    const next = neighbour(racks, looked, event.key)
    if (next === null) return
    event.preventDefault()
    setAt(next)
    setWalked(walked + 1)
  }
  return (
    <div className={compact ? 'lab compact' : 'lab roomy'}>
      <div className="lab-scroll">
        <table
          ref={grid}
          className="lab-grid"
          // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a table whose cells arrow keys go through is a grid
          role="grid"
          aria-label={words.lab.grid}
          data-only={only ?? undefined}
          onKeyDown={walk}
          onFocus={look}
          onMouseOver={look}
          onClick={open}
          style={{ '--name-width': `${longest}ch`, '--slots': slots } as CSSProperties}
        >
          <tbody>
            {racks.map((rack) => (
              <Row key={rack.workstation} rack={rack} looked={looked} compact={compact} />
            ))}
          </tbody>
        </table>
      </div>
      <LookedAt id={looked} />
    </div>
  )
}

/** So far around the window rows are drawn before they are scrolled to, px. A browser's own margin is half the lab. */
const AROUND = '150px 0px'

/** Marks the rows that are out of sight, so that they are not drawn. */
function useSeen(grid: RefObject<HTMLTableElement | null>, racks: readonly Rack[]): void {
  useEffect(() => {
    const observer = new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting } of entries) target.classList.toggle('away', !isIntersecting)
      },
      { rootMargin: AROUND },
    )
    for (const row of grid.current?.querySelectorAll('tr') ?? []) observer.observe(row)
    return () => observer.disconnect()
  }, [grid, racks])
}

type RowProps = { rack: Rack; looked: string; compact: boolean }

const Row = memo(function Row({ rack, looked, compact }: RowProps) {
  return (
    <tr data-looked={rack.devices.some(({ id }) => id === looked)}>
      <th scope="row">
        {rack.workstation}
        <Playing rack={rack} />
      </th>
      {rack.devices.map(({ id }) => (
        <Cell key={id} id={id} tabbable={id === looked} compact={compact} />
      ))}
    </tr>
  )
}, sameRow)

/** A row that neither gains nor loses the looked-at cell stays as it is. */
function sameRow(before: RowProps, now: RowProps): boolean {
  const has = ({ rack, looked }: RowProps) => rack.devices.some(({ id }) => id === looked)
  const moved = before.looked !== now.looked && (has(before) || has(now))
  return before.rack === now.rack && before.compact === now.compact && !moved
}

function Playing({ rack: { devices } }: { rack: Rack }) {
  const words = useWords()
  const playing = useOfLab(() => devices.filter(({ id }) => lab.device(id)?.session?.playback).length)
  return <span className="row-count">{words.lab.row(playing, devices.length)}</span>
}

/** As few elements as can be: there are thousands. What is drawn in it comes from its attributes. */
const Cell = memo(function Cell({ id, tabbable, compact }: { id: string; tabbable: boolean; compact: boolean }) {
  const words = useWords()
  const device = useDevice(id)
  if (device === undefined) return null
  const face = faceOf(device)
  const { session } = device
  const stalls = session?.playback?.rebufferCount ?? 0
  const group = session ? [words.lab.group(session.batchGroup)] : []
  const stalled = stalls > 0 ? [words.lab.stalls(stalls)] : []
  return (
    <td>
      <a
        className={compact ? `cell face-${face}` : 'cell'}
        data-shape={compact ? SHAPES[face] : undefined}
        data-slot={device.slot.slice(1)}
        data-note={`${session?.batchGroup ?? ''}${stalls > 0 ? ` \u26a0\ufe0e${stalls}` : ''}`}
        href={`/devices/${device.labName}`}
        data-device={id}
        data-name={device.labName}
        tabIndex={tabbable ? 0 : -1}
        aria-label={[device.labName, words.faces[face], ...group, ...stalled].join(', ')}
        style={{ backgroundSize: `${bufferPercent(session?.playback?.bufferSeconds ?? 0)}% 3px` }}
      >
        {!compact && <Mark face={face} />}
      </a>
    </td>
  )
})

/** A bar that is full at so many seconds. */
const FULL_BUFFER_SECONDS = 20

/** In steps that can be seen. */
function bufferPercent(seconds: number): number {
  return Math.min(100, Math.round((seconds / FULL_BUFFER_SECONDS) * 20) * 5)
}

/** Where a key goes from a device; null where it goes nowhere. */
function neighbour(racks: readonly Rack[], from: string, key: string): string | null {
  const row = racks.findIndex(({ devices }) => devices.some(({ id }) => id === from))
  const column = racks[row]?.devices.findIndex(({ id }) => id === from) ?? -1
  const last = (racks[row]?.devices.length ?? 1) - 1
  const to: Record<string, [number, number]> = {
    ArrowLeft: [row, column - 1],
    ArrowRight: [row, column + 1],
    ArrowUp: [row - 1, column],
    ArrowDown: [row + 1, column],
    Home: [row, 0],
    End: [row, last],
  }
  const [toRow, toColumn] = to[key] ?? [-1, -1]
  const devices = racks[toRow]?.devices
  if (devices === undefined || toColumn < 0) return null
  return devices[Math.min(toColumn, devices.length - 1)]?.id ?? null
}
