import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { client, FLOOR_MS } from '../api.ts'
import { useWords } from '../preferences.tsx'
import { useAccess } from '../sign-in.tsx'
import { Confirm } from '../ui/confirm.tsx'
import { momentOf } from '../ui/format.ts'
import { Heading } from '../ui/shell.tsx'
import { Empty, Read } from '../ui/states.tsx'
import { Wide } from '../ui/wide.tsx'
import { Field, SelectField } from '../workloads/fields.tsx'
import { AddForm } from './add-form.tsx'
import { Copyable } from './copyable.tsx'

const DRIVERS = ['headless', 'chromium', 'adb']

/** Workstations, and how one more is added. */
export function WorkstationsPage() {
  const words = useWords()
  const { may } = useAccess()
  const query = useQuery({
    queryKey: ['workstations'],
    refetchInterval: FLOOR_MS,
    queryFn: async () => (await client.getWorkstations()).items,
  })
  return (
    <>
      <Heading title={words.workstations.title} />
      {may('admin') && <AddWorkstation />}
      <Read query={query}>
        {(workstations) =>
          workstations.length === 0 ? (
            <Empty title={words.workstations.empty} how={words.workstations.emptyHow} />
          ) : (
            <Wide>
              <table className="table">
                <thead>
                  <tr>
                    <th>{words.common.name}</th>
                    <th>{words.workstations.count}</th>
                    <th>{words.workstations.capacity}</th>
                    <th>{words.workstations.agent}</th>
                    <th>{words.workstations.seen}</th>
                    {may('admin') && <th>{words.common.remove}</th>}
                  </tr>
                </thead>
                <tbody>
                  {workstations.map((one) => (
                    <tr key={one.id}>
                      <td className="strong">{one.id}</td>
                      <td>{states(one.devices, one.deviceCount, words.faces)}</td>
                      <td>
                        {one.capacities.map((own) => words.workstations.carries(own.sessions, own.driver)).join(', ')}
                      </td>
                      <td>{one.agentVersion}</td>
                      <td>{momentOf(one.lastSeenAt, words)}</td>
                      {may('admin') && (
                        <td>
                          <Confirm
                            danger
                            label={words.common.remove}
                            title={words.workstations.removeTitle(one.id)}
                            text={words.workstations.removeText}
                            choices={[
                              { label: words.common.remove, danger: true, act: () => client.removeWorkstation(one.id) },
                            ]}
                          />
                        </td>
                      )}
                    </tr>
                  ))}
                </tbody>
              </table>
            </Wide>
          )
        }
      </Read>
    </>
  )
}

function states(devices: Record<string, number>, count: number, faces: Record<string, string>): string {
  const parts = Object.entries(devices).map(
    ([status, n]) => `${n} ${status === 'busy' ? faces.playing : (faces[status] ?? status)}`,
  )
  return `${count}: ${parts.join(', ')}`
}

function AddWorkstation() {
  const text = useWords().workstations
  const [name, setName] = useState('')
  const [driver, setDriver] = useState('headless')
  const [count, setCount] = useState('20')
  const [command, setCommand] = useState('')
  const make = async () => {
    setCommand('')
    const { token } = await client.createToken({ role: 'agent', workstation: name, name: `agent of ${name}` })
    const devices = driver === 'adb' ? 'adb' : `${driver}:${Number(count) || 1}`
    setCommand(
      `DOAI_AGENT_TOKEN=${token} doai agent --workstation ${name} --driver ${devices} --controller ${location.origin}`,
    )
  }
  return (
    <>
      <AddForm title={text.add} button={text.make} onSubmit={make}>
        <Field path="workstation" label={text.name} value={name} onValue={setName} />
        <SelectField
          path="driver"
          label={text.driver}
          value={driver}
          options={DRIVERS.map((one) => [one, one])}
          onValue={setDriver}
        />
        {driver !== 'adb' && <Field path="count" label={text.count} value={count} numeric onValue={setCount} />}
      </AddForm>
      {command !== '' && (
        <section className="panel" role="status">
          <h2>{text.command}</h2>
          <Copyable text={command} label={text.command} />
          <p className="hint">{text.once}</p>
        </section>
      )}
    </>
  )
}
