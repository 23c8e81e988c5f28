import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { client } from '../api.ts'
import { useWords } from '../preferences.tsx'
import { useAccess } from '../sign-in.tsx'
import { Badge } from '../ui/badge.tsx'
import { Confirm } from '../ui/confirm.tsx'
import { momentOf } from '../ui/format.ts'
import { Heading } from '../ui/shell.tsx'
import { Empty, Read } from '../ui/states.tsx'
import { Wide } from '../ui/wide.tsx'
import { Field, SelectField } from '../workloads/fields.tsx'
import { AddForm } from './add-form.tsx'
import { Copyable } from './copyable.tsx'

const ROLES = ['viewer', 'operator', 'admin'] as const

/** Who may do what: for admins alone. */
export function TokensPage() {
  const words = useWords()
  const { may } = useAccess()
  const query = useQuery({
    queryKey: ['tokens'],
    queryFn: async () => (await client.getTokens()).items,
    enabled: may('admin'),
  })
  return (
    <>
      <Heading title={words.tokens.title} />
      {may('admin') ? (
        <>
          <AddToken />
          <Read query={query}>{(tokens) => <TokenTable tokens={tokens} />}</Read>
        </>
      ) : (
        <Empty title={words.tokens.adminOnly} />
      )}
    </>
  )
}

function AddToken() {
  const words = useWords()
  const text = words.tokens
  const [name, setName] = useState('')
  const [role, setRole] = useState<(typeof ROLES)[number]>('viewer')
  const [made, setMade] = useState('')
  const make = async () => {
    setMade('')
    setMade((await client.createToken({ name, role })).token)
    setName('')
  }
  return (
    <>
      <AddForm title={text.add} button={text.add} onSubmit={make}>
        <Field path="name" label={words.common.name} value={name} onValue={setName} />
        <SelectField
          path="role"
          label={text.role}
          value={role}
          options={ROLES.map((one) => [one, text.roles[one] ?? one])}
          onValue={(value) => setRole(ROLES.find((one) => one === value) ?? 'viewer')}
        />
      </AddForm>
      {made !== '' && (
        <section className="panel" role="status">
          <h2>{text.made}</h2>
          <Copyable text={made} label={text.made} />
        </section>
      )}
    </>
  )
}

function TokenTable({ tokens }: { tokens: Awaited<ReturnType<typeof client.getTokens>>['items'] }) {
  const words = useWords()
  const text = words.tokens
  return (
    <Wide>
      <table className="table">
        <thead>
          <tr>
            <th>{words.common.name}</th>
            <th>{text.role}</th>
            <th>{words.common.state}</th>
            <th>{words.common.created}</th>
            <th>{text.used}</th>
            <th>{text.revoke}</th>
          </tr>
        </thead>
        <tbody>
          {tokens.map((token) => (
            <tr key={token.id}>
              <td className="strong">{token.name}</td>
              <td>
                {text.roles[token.role]} {token.workstation}
              </td>
              <td>
                <Badge status={token.state} />
              </td>
              <td>{momentOf(token.createdAt, words)}</td>
              <td>{momentOf(token.lastUsedAt, words)}</td>
              <td>
                {token.state === 'valid' && (
                  <Confirm
                    danger
                    label={text.revoke}
                    title={text.revokeTitle(token.name)}
                    text={text.revokeText}
                    choices={[{ label: text.revoke, danger: true, act: () => client.revokeToken(token.id) }]}
                  />
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Wide>
  )
}
