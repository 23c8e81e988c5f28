import { AlertDialog } from '@base-ui/react/alert-dialog'
import { useState } from 'react'
import { useWords } from '../preferences.tsx'
import { Notice, useAction } from './action.tsx'

type Choice = { label: string; danger?: boolean; act: () => Promise<unknown> }

/** A button that asks before it does what would lose something. */
export function Confirm({
  label,
  title,
  text,
  choices,
  danger,
}: {
  label: string
  title: string
  text: string
  choices: readonly Choice[]
  danger?: boolean
}) {
  const words = useWords()
  const [open, setOpen] = useState(false)
  const { run, busy, problem } = useAction()
  const choose = async (choice: Choice) => {
    if (await run(choice.act)) setOpen(false)
  }
  return (
    <AlertDialog.Root open={open} onOpenChange={setOpen}>
      <AlertDialog.Trigger className={danger ? 'button danger' : 'button'}>{label}</AlertDialog.Trigger>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className="backdrop" />
        <AlertDialog.Popup className="dialog">
          <AlertDialog.Title className="dialog-title">{title}</AlertDialog.Title>
          <AlertDialog.Description>{text}</AlertDialog.Description>
          <Notice problem={problem} />
          <div className="actions end">
            <AlertDialog.Close className="button">{words.common.cancel}</AlertDialog.Close>
            {choices.map((choice) => (
              <button
                key={choice.label}
                type="button"
                className={choice.danger ? 'button danger' : 'button primary'}
                aria-disabled={busy}
                onClick={() => void choose(choice)}
              >
                {choice.label}
              </button>
            ))}
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  )
}
