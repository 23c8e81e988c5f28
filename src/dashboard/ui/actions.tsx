import { type FocusEvent, type ReactNode, useLayoutEffect, useRef } from 'react'

/**
 * Buttons that come and go with what can be done. Where the one that has the keyboard goes, the group has it: whoever
 * pressed it goes on from there, and not from the top of the page.
 */
export function Actions({ label, children }: { label: string; children: ReactNode }) {
  const group = useRef<HTMLFieldSetElement>(null)
  const within = useRef(false)
  useLayoutEffect(() => {
    if (within.current && document.activeElement === document.body) group.current?.focus()
  })
  const left = ({ relatedTarget, target }: FocusEvent) => {
    // A button that is removed loses the keyboard to nothing.
    within.current = relatedTarget === null && !target.isConnected
  }
  return (
    <fieldset
      ref={group}
      className="actions"
      aria-label={label}
      tabIndex={-1}
      onFocus={() => {
        within.current = true
      }}
      onBlur={left}
    >
      {children}
    </fieldset>
  )
}
