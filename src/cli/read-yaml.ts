import { LineCounter, parseDocument } from 'yaml'
import type { Issue } from '../protocol/issues.ts'

/** What a text holds, or why it holds nothing. */
export type YamlRead = { ok: true; value: unknown } | { ok: false; issues: Issue[] }

/** Of one text: more is a small text that becomes a huge one. */
const MOST_ALIASES = 100

/** Reads YAML, which JSON is too; whatever is wrong with it is an issue, and nothing is thrown. */
export function readYaml(text: string): YamlRead {
  const lineCounter = new LineCounter()
  try {
    const document = parseDocument(text, { lineCounter, prettyErrors: false })
    // Aliases are followed now: one without an anchor, too many, or too deep.
    if (document.errors.length === 0) return { ok: true, value: document.toJS({ maxAliasCount: MOST_ALIASES }) }
    const issues = document.errors.map(({ pos, message }) => {
      const { line, col } = lineCounter.linePos(pos[0])
      return { path: `line ${line}, column ${col}`, message }
    })
    return { ok: false, issues }
  } catch (error) {
    return { ok: false, issues: [{ path: 'YAML', message: (error as Error).message }] }
  }
}
