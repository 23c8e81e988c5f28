import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { FACES, type Face, faceOf } from '../face.ts'
import { useConnection, useDevices, useRacks } from '../live.ts'
import { useWords } from '../preferences.tsx'
import { Mark } from '../ui/badge.tsx'
import { Heading } from '../ui/shell.tsx'
import { Busy, Empty } from '../ui/states.tsx'
import { LabGrid } from './lab-grid.tsx'

/** The whole lab at a glance. */
export function LabPage() {
  const words = useWords()
  const racks = useRacks()
  const connection = useConnection()
  const [only, setOnly] = useState<Face | null>(null)
  return (
    <>
      <Heading title={words.lab.title} />
      {racks.length > 0 && (
        <>
          <Counts only={only} onOnly={setOnly} />
          <LabGrid racks={racks} only={only} />
        </>
      )}
      {racks.length === 0 && (connection.state === 'live' ? <NoDevices /> : <Busy />)}
    </>
  )
}

/** How many devices show which face; each is also the key to its shape, and a filter. */
function Counts({ only, onOnly }: { only: Face | null; onOnly: (face: Face | null) => void }) {
  const words = useWords()
  const counts = new Map<Face, number>()
  for (const device of useDevices()) counts.set(faceOf(device), (counts.get(faceOf(device)) ?? 0) + 1)
  return (
    <fieldset className="counts">
      <legend>{words.lab.filter}</legend>
      {FACES.filter((face) => counts.has(face) || face === only).map((face) => (
        <button
          key={face}
          type="button"
          className="count"
          aria-pressed={only === face}
          onClick={() => onOnly(only === face ? null : face)}
        >
          <Mark face={face} />
          <span>{words.faces[face]}</span>
          <strong>{(counts.get(face) ?? 0).toLocaleString(words.locale)}</strong>
        </button>
      ))}
    </fieldset>
  )
}

function NoDevices() {
  const words = useWords()
  const navigate = useNavigate()
  return (
    <Empty title={words.lab.empty} how={words.lab.emptyHow}>
      <button type="button" className="button primary" onClick={() => void navigate({ to: '/workstations' })}>
        {words.lab.emptyButton}
      </button>
    </Empty>
  )
}
