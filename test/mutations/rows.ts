import { appendFile, readFile } from 'node:fs/promises'
import type { Outcome } from './run-tests.ts'

/** What came of one mutation. `key` names it and the tests that it was given. */
export type Row = Outcome & { key: string; name: string; seconds: number }

export async function readRows(file: string): Promise<Row[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  // What a break cut off is no line.
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Row)
}

export function keepRow(file: string, row: Row): Promise<void> {
  return appendFile(file, `${JSON.stringify(row)}\n`)
}

/** In Markdown, as a report takes it. */
export function tableOf(rows: readonly Row[]): string {
  const lines = rows.map(({ name, kind, by, seconds }) => {
    return `| ${name} | ${kind === 'failed' ? by : `**${kind}** ${by}`} | ${seconds} |`
  })
  return ['| mutation | caught by | s |', '| --- | --- | --- |', ...lines].join('\n')
}
