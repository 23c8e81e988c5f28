import { useState } from 'react'
import { problemOf, queries } from '../api.ts'

/** Does one thing at a time, says what came of it, and lets what is shown be read anew. */
export function useAction() {
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  /** Gives whether it was done. */
  const run = async (act: () => Promise<unknown>): Promise<boolean> => {
    // A button that is disabled would lose the keyboard: it stays, and does nothing meanwhile.
    if (busy) return false
    setBusy(true)
    setProblem(null)
    try {
      await act()
      void queries.invalidateQueries()
      return true
    } catch (error) {
      setProblem(problemOf(error).message)
      return false
    } finally {
      setBusy(false)
    }
  }
  return { run, busy, problem }
}

/** What went wrong, where it is read out. */
export function Notice({ problem }: { problem: string | null }) {
  return (
    <p className="problem" role="alert">
      {problem}
    </p>
  )
}
