import { useNavigate } from '@tanstack/react-router'
import type { Workload } from '../../client/index.ts'
import { client } from '../api.ts'
import { useWords } from '../preferences.tsx'
import { useAccess } from '../sign-in.tsx'
import { Notice, useAction } from '../ui/action.tsx'
import { Actions } from '../ui/actions.tsx'
import { Confirm } from '../ui/confirm.tsx'

const FINAL = ['completed', 'cancelled', 'error']

/** What can be done with it now, by whoever may. */
export function WorkloadActions({ workload }: { workload: Workload }) {
  const words = useWords()
  const { may } = useAccess()
  const navigate = useNavigate()
  const { run, busy, problem } = useAction()
  if (!may('operator')) return null
  const { id, status, requested, failedTasks } = workload
  const final = FINAL.includes(status)
  const settled = workload.completedTasks + workload.failedTasks + workload.skippedTasks + workload.cancelledTasks
  const text = words.workload
  const retry = async () => {
    const { id: child } = await client.retryWorkload(id)
    await navigate({ to: '/workloads/$id', params: { id: child } })
  }
  return (
    <Actions label={text.actions}>
      {status === 'pending' && (
        <button
          type="button"
          className="button primary"
          aria-disabled={busy}
          onClick={() => run(() => client.startWorkload(id))}
        >
          {text.start}
        </button>
      )}
      {status === 'paused' && (
        <button
          type="button"
          className="button primary"
          aria-disabled={busy}
          onClick={() => run(() => client.resumeWorkload(id))}
        >
          {text.resume}
        </button>
      )}
      {!final && status !== 'pending' && status !== 'paused' && requested === null && (
        <Confirm
          label={text.pause}
          title={text.pauseTitle}
          text={text.pauseText}
          choices={[
            { label: text.pauseNow, danger: true, act: () => client.pauseWorkload(id, { mode: 'now' }) },
            { label: text.pauseDrain, act: () => client.pauseWorkload(id, { mode: 'drain' }) },
          ]}
        />
      )}
      {!final && requested !== 'cancel' && (
        <Confirm
          danger
          label={text.cancel}
          title={text.cancelTitle}
          text={text.cancelText(Math.max(0, workload.totalTasks - settled))}
          choices={[{ label: text.cancelButton, danger: true, act: () => client.cancelWorkload(id) }]}
        />
      )}
      {final && failedTasks > 0 && (
        <Confirm
          label={text.retry}
          title={text.retryTitle}
          text={text.retryText(failedTasks)}
          choices={[{ label: text.retryButton, act: retry }]}
        />
      )}
      <Notice problem={problem} />
    </Actions>
  )
}
