import { appendFile, mkdtemp, open as openFile, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { failedUnplayed } from '../domain/playback-result.ts'
import { Journal, readRecords } from './journal.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'doai-journal-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const now = () => new Date('2026-01-01T00:00:00Z')
const open = (more: { fileBytes?: number; keepBytes?: number } = {}) =>
  Journal.open({ directory, instance: 'an-instance', now, ...more })
const session = (token: string) => ({ token, device: 'WS01-S01', sessionId: `session of ${token}` })
const report = failedUnplayed('a session', 'player', 'it broke')

async function newest(): Promise<string> {
  return join(
    directory,
    (await readdir(directory))
      .filter((name) => name.endsWith('.log'))
      .sort()
      .at(-1) as string,
  )
}

test('what was begun and not ended, and what ended and was not reported, is found again; the rest is done', async () => {
  const { journal } = await open()
  await journal.begun(['a', 'b', 'c', 'd'].map(session))
  await journal.ended('b', report)
  await journal.ended('c', report)
  await journal.reported({ c: 'counted' })
  await journal.dropped(['d'])
  await journal.close()
  const again = await open()
  expect(again.damaged).toEqual([])
  expect(again.unfinished).toEqual([
    { token: 'a', sessionId: 'session of a', report: null },
    { token: 'b', sessionId: 'a session', report },
  ])
  await again.journal.reported({ a: 'counted', b: 'counted' })
  await again.journal.close()
  const last = await open()
  expect(last.unfinished).toEqual([])
  await last.journal.close()
})

test('a line that a crash cut off was never written', async () => {
  const { journal } = await open()
  await journal.begun([session('a')])
  await journal.close()
  const file = await newest()
  const text = await readFile(file, 'utf8')
  await appendFile(file, text.slice(0, 40))
  const again = await open()
  expect(again.damaged).toEqual([])
  expect(again.unfinished.map(({ token }) => token)).toEqual(['a'])
  await again.journal.close()
})

test('a damaged file is set aside and said so; what can be read of it is kept', async () => {
  const { journal } = await open()
  await journal.begun([session('a')])
  await journal.begun([session('b')])
  await journal.close()
  const file = await newest()
  await writeFile(file, (await readFile(file, 'utf8')).replace('session of a', 'session of x'))
  const again = await open()
  expect(again.damaged).toEqual([`${file}.damaged`])
  expect(again.unfinished.map(({ token }) => token)).toEqual(['b'])
  await again.journal.close()
  const last = await open()
  expect(last.damaged).toEqual([])
  expect(last.unfinished.map(({ token }) => token)).toEqual(['b'])
  await last.journal.close()
})

test('whatever was done to its bytes, it opens, and gives no record that was not written', async () => {
  const { journal } = await open()
  await journal.begun(['a', 'b', 'c'].map(session))
  await journal.ended('a', report)
  await journal.close()
  const bytes = await readFile(await newest())
  const written = readRecords(bytes.toString()).records.map((record) => JSON.stringify(record))
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 255 })), { maxLength: 8 }),
      (hits) => {
        const hit = Buffer.from(bytes)
        for (const [at, value] of hits) hit[at] = value
        for (const record of readRecords(hit.toString()).records) expect(written).toContain(JSON.stringify(record))
      },
    ),
  )
})

test('files that nothing needs go, and those that an open session needs stay', async () => {
  const { journal } = await open({ fileBytes: 400, keepBytes: 8192 })
  await journal.begun([session('old')])
  for (let at = 0; at < 40; at++) {
    await journal.begun([session(`s${at}`)])
    await journal.reported({ [`s${at}`]: 'counted' })
  }
  const needed = (await readdir(directory)).length
  expect(needed).toBeGreaterThan(4)
  await journal.reported({ old: 'counted' })
  for (let at = 0; at < 8; at++) await journal.begun([session(`t${at}`)])
  expect((await readdir(directory)).length).toBeLessThan(needed)
  await journal.close()
  const again = await open()
  expect(again.unfinished.map(({ token }) => token)).toEqual(Array.from({ length: 8 }, (_, at) => `t${at}`))
  await again.journal.close()
})

test('what ended while the disk was full is on it with what comes next; what was to begin has not begun', async () => {
  const { journal } = await open()
  await journal.begun([session('a')])
  await using other = await openFile(await newest())
  const full = vi.spyOn(Object.getPrototypeOf(other), 'datasync').mockRejectedValue(new Error('ENOSPC'))
  await expect(journal.ended('a', report)).rejects.toThrow('ENOSPC')
  await expect(journal.begun([session('b')])).rejects.toThrow('ENOSPC')
  full.mockRestore()
  await journal.begun([session('c')])
  await journal.close()
  const again = await open()
  expect(again.unfinished.map(({ token, report }) => [token, report !== null])).toEqual([
    ['a', true],
    ['c', false],
  ])
  await again.journal.close()
})
