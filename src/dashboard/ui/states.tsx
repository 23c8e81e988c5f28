import type { ReactNode } from 'react'
import { ApiError } from '../../client/index.ts'
import { problemOf } from '../api.ts'
import { useWords } from '../preferences.tsx'

export function Busy() {
  const words = useWords()
  return (
    <p className="loading" role="status">
      {words.common.loading}
    </p>
  )
}

/** What is said where there is nothing yet, and what to do about it. */
export function Empty({ title, how, children }: { title: string; how?: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      {how && <p>{how}</p>}
      {children}
    </div>
  )
}

/** Shows what was read, that it is being read, or why it could not be. */
export function Read<T>({
  query,
  missing,
  children,
}: {
  query: { data: T | undefined; error: Error | null; refetch: () => unknown }
  missing?: string
  children: (data: T) => ReactNode
}) {
  const words = useWords()
  const { data, error } = query
  if (data !== undefined) return children(data)
  if (error === null) return <Busy />
  if (missing && error instanceof ApiError && [400, 404].includes(error.status)) return <Empty title={missing} />
  return (
    <div className="empty" role="alert">
      <p className="empty-title">{words.common.failed}</p>
      <p>{problemOf(error).message}</p>
      <button type="button" className="button" onClick={() => void query.refetch()}>
        {words.common.again}
      </button>
    </div>
  )
}
