import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { paint, terminalOf } from './terminal.ts'

function fakeTerminal(isTTY: boolean) {
  const written: string[] = []
  const stream = { isTTY, write: (text: string) => written.push(text), on: () => {} }
  const process = { stdout: stream, stderr: stream, env: {} } as unknown as Parameters<typeof terminalOf>[0]
  return { written, terminal: terminalOf(process, () => {}) }
}

test('of what is printed only our own paint drives the terminal', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.boolean(), (text, isTTY) => {
      const { written, terminal } = fakeTerminal(isTTY)
      terminal.out(paint(terminal, 'red', text))
      terminal.err(text)
      const [out = '', err = ''] = written
      const plain = err.slice(0, -1)
      expect(out).toBe(isTTY ? `\u001b[31m${plain}\u001b[39m\n` : `${plain}\n`)
      expect(err.replaceAll('\r\n', '').replace(/[\t\n]/g, '')).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u)
    }),
  )
  const { written, terminal } = fakeTerminal(true)
  terminal.out('\u001b[31mred\u001b[0m')
  expect(written).toEqual([' [31mred [0m\n'])
})

const SOURCES = join(import.meta.dirname, '..')

test('there is no other way to print', () => {
  const others = globSync('**/*.{ts,tsx}', { cwd: SOURCES })
    .filter((name) => !/\.test(-data)?\.ts$/.test(name) && name !== join('cli', 'terminal.ts'))
    .flatMap((name) => {
      const text = readFileSync(join(SOURCES, name), 'utf8')
      return (text.match(/\bconsole\.\w+|process\.std(out|err)|log-update|\/dev\/tty/g) ?? []).map(
        (used) => `${name}: ${used}`,
      )
    })
  expect(others).toEqual([])
})
