import type { ReactNode } from 'react'

/** What may be wider than the window scrolls by itself, by keyboard too. */
export function Wide({ children }: { children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard
    <div className="table-scroll" tabIndex={0}>
      {children}
    </div>
  )
}
