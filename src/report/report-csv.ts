import type { Result } from '../protocol/result.ts'
import { countedSessions, SESSION_COLUMNS, type Session } from './session-columns.ts'
import { shown } from './shown-text.ts'

/**
 * The counted sessions as CSV (RFC 4180): a header of the API's names, a line each, CRLF after every one. Numbers are plain, units
 * those of the API; null is empty; lists are joined by spaces; strings that a spreadsheet would run are guarded.
 */
export function reportCsv(results: readonly Result[]): string {
  const lines = [
    SESSION_COLUMNS,
    ...countedSessions(results).map((result) => SESSION_COLUMNS.map((name) => cell(result[name]))),
  ]
  return lines.map((line) => `${line.join(',')}\r\n`).join('')
}

function cell(value: Session[keyof Session]): string {
  if (value === null) return ''
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return quoted(guarded(shown(Array.isArray(value) ? value.join(' ') : value)))
}

/** A spreadsheet takes what begins so for a formula (OWASP, CSV injection). */
function guarded(text: string): string {
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
