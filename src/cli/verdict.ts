import type { Workload } from '../client/index.ts'
import { reasonText } from '../domain/verdict.ts'
import { type Standing, standingOf } from '../protocol/workload.ts'
import { plain } from '../report/shown-text.ts'
import type { Context } from './context.ts'
import { paint } from './terminal.ts'

/** What a run says of the streams, as an exit code; 2 is bad input. One that has not ended is not complete. */
export const EXIT = { passed: 0, failed: 1, badInput: 2, incomplete: 3, open: 3 } as const satisfies Record<
  Standing | 'badInput',
  number
>

const COLOURS = { passed: 'green', failed: 'red', incomplete: 'yellow', open: 'yellow' } as const

export function exitCodeOf(workload: Workload): number {
  return EXIT[standingOf(workload)]
}

/** The verdict in colour, with the state where that says more; before the end the state alone. */
export function verdictText(context: Context, workload: Workload): string {
  const { verdict, status, reason } = workload
  const said = verdict === null ? status : status === 'completed' ? verdict : `${verdict} (${status})`
  const why = reason === null ? '' : `: ${plain(reason)}`
  return `${paint(context, COLOURS[standingOf(workload)], said)}${why}`
}

/** A line for each reason that the state does not tell already. */
export function reasonLines({ verdictReasons }: Workload): string[] {
  return verdictReasons
    .filter(({ kind }) => kind !== 'cancelled' && kind !== 'error')
    .map((reason) => `  ${plain(reasonText(reason))}`)
}
