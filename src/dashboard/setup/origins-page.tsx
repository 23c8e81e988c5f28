import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Origin } from '../../client/index.ts'
import { client, FLOOR_MS } from '../api.ts'
import { useWords } from '../preferences.tsx'
import { useAccess } from '../sign-in.tsx'
import { Notice, useAction } from '../ui/action.tsx'
import { Badge } from '../ui/badge.tsx'
import { momentOf } from '../ui/format.ts'
import { Heading } from '../ui/shell.tsx'
import { Empty, Read } from '../ui/states.tsx'
import { Field, SelectField } from '../workloads/fields.tsx'
import { AddForm } from './add-form.tsx'
import { Copyable } from './copyable.tsx'

/** Origins and the proof that each is the operator's own. */
export function OriginsPage() {
  const words = useWords()
  const { may } = useAccess()
  const query = useQuery({
    queryKey: ['origins'],
    refetchInterval: FLOOR_MS,
    queryFn: async () => (await client.getOrigins()).items,
  })
  return (
    <>
      <Heading title={words.origins.title} />
      {may('operator') && <AddOrigin />}
      <Read query={query}>
        {(origins) =>
          origins.length === 0 ? (
            <Empty title={words.origins.empty} how={words.origins.emptyHow} />
          ) : (
            <ul className="cards">
              {origins.map((origin) => (
                <OriginCard key={origin.id} origin={origin} />
              ))}
            </ul>
          )
        }
      </Read>
    </>
  )
}

function AddOrigin() {
  const text = useWords().origins
  const [origin, setOrigin] = useState('')
  const [pathPrefix, setPathPrefix] = useState('')
  const [allowPrivate, setAllowPrivate] = useState(false)
  const [cmcdMode, setCmcdMode] = useState<'query' | 'header'>('query')
  const add = async () => {
    await client.createOrigin({ origin, pathPrefix, allowPrivate, cmcdMode })
    setOrigin('')
    setPathPrefix('')
  }
  return (
    <AddForm title={text.add} button={text.add} onSubmit={add}>
      <Field path="origin" label={text.origin} hint="https://media.example.com" value={origin} onValue={setOrigin} />
      <Field path="pathPrefix" label={text.prefix} hint={text.optional} value={pathPrefix} onValue={setPathPrefix} />
      <SelectField
        path="cmcdMode"
        label={text.marks}
        value={cmcdMode}
        options={Object.entries(text.markModes)}
        onValue={(mode) => setCmcdMode(mode === 'header' ? 'header' : 'query')}
      />
      <label className="check">
        <input type="checkbox" checked={allowPrivate} onChange={(event) => setAllowPrivate(event.target.checked)} />
        {text.private}
      </label>
    </AddForm>
  )
}

function OriginCard({ origin }: { origin: Origin }) {
  const words = useWords()
  const text = words.origins
  const { may } = useAccess()
  const { run, busy, problem } = useAction()
  const { proof } = origin
  return (
    <li className="panel">
      <h2>
        {origin.origin}
        {origin.pathPrefix} <Badge status={origin.state} />
      </h2>
      {origin.reason && <p className="problem">{origin.reason}</p>}
      <p className="quiet">
        {text.checked} {momentOf(origin.checkedAt, words)}
      </p>
      {origin.state !== 'verified' && (
        <>
          <p>{text.serve}</p>
          <Copyable text={proof.token} label={text.serve} />
          <p>{text.at}</p>
          <Copyable text={proof.url} label={text.at} />
          {proof.dnsRecord && (
            <>
              <p>{text.dns}</p>
              <Copyable text={proof.dnsRecord} label={text.dns} />
            </>
          )}
        </>
      )}
      {may('operator') && (
        <div className="actions">
          <button
            type="button"
            className="button"
            aria-disabled={busy}
            onClick={() => run(() => client.verifyOrigin(origin.id))}
          >
            {busy ? words.common.loading : text.verify}
          </button>
          <Notice problem={problem} />
        </div>
      )}
    </li>
  )
}
