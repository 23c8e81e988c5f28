import { type FormEvent, type ReactNode, useState } from 'react'
import { problemOf, queries } from '../api.ts'
import { type Problems, ProblemsContext } from '../workloads/fields.tsx'

/** A small form above a list: what is refused is said beside its field. */
export function AddForm({
  title,
  button,
  onSubmit,
  children,
}: {
  title: string
  button: string
  onSubmit: () => Promise<unknown>
  children: ReactNode
}) {
  const [problems, setProblems] = useState<Problems>({})
  const [message, setMessage] = useState('')
  const [busy, setBusy] = useState(false)
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    if (busy) return
    setBusy(true)
    setProblems({})
    setMessage('')
    try {
      await onSubmit()
      void queries.invalidateQueries()
    } catch (error) {
      const problem = problemOf(error)
      setProblems(Object.fromEntries(problem.errors.map(({ path, message }) => [path, message])))
      setMessage(problem.errors.length > 0 ? '' : problem.message)
      setTimeout(() => document.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus(), 0)
    } finally {
      setBusy(false)
    }
  }
  return (
    <ProblemsContext value={problems}>
      <form className="panel" onSubmit={submit} noValidate aria-label={title}>
        <h2>{title}</h2>
        <div className="fields">{children}</div>
        <div className="actions">
          <button type="submit" className="button primary" aria-disabled={busy}>
            {button}
          </button>
          <p className="problem" role="alert">
            {message}
          </p>
        </div>
      </form>
    </ProblemsContext>
  )
}
