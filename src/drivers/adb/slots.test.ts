import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Slots } from './slots.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'doai-slots-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const open = (...labNames: string[]) => Slots.open(join(folder, 'phones.json'), labNames)

test('a phone keeps its slot, and another one takes the next, over a restart too', async () => {
  const slots = await open('WS01-S01', 'WS01-S02')
  expect([slots.slotOf('a'), slots.slotOf('b'), slots.slotOf('a'), slots.slotOf('c')]).toEqual([
    'WS01-S01',
    'WS01-S02',
    'WS01-S01',
    null,
  ])
  await slots.keepChanged('b', { stay: '3' })
  const again = await open('WS01-S01', 'WS01-S02', 'WS01-S03')
  expect([again.slotOf('c'), again.slotOf('b'), again.serialOf('WS01-S01')]).toEqual(['WS01-S03', 'WS01-S02', 'a'])
  expect([again.changedOf('a'), again.changedOf('b')]).toEqual([null, { stay: '3' }])
})

test('a slot that this agent does not have is not given out, and kept for when it has', async () => {
  const slots = await open('WS01-S01', 'WS01-S02')
  for (const serial of ['a', 'b']) slots.slotOf(serial)
  await slots.keepChanged('a', null)
  const fewer = await open('WS01-S01')
  expect([fewer.slotOf('b'), fewer.slotOf('c')]).toEqual([null, null])
  expect((await open('WS01-S01', 'WS01-S02')).slotOf('b')).toBe('WS01-S02')
})

test('serials that look like anything else are names and nothing more', async () => {
  const slots = await open('WS01-S01', 'WS01-S02', 'WS01-S03')
  const serials = ['--help', '__proto__', '$(id); rm -rf /']
  for (const serial of serials) slots.slotOf(serial)
  await slots.keepChanged('__proto__', { a: '1' })
  const again = await open('WS01-S01', 'WS01-S02', 'WS01-S03')
  expect(serials.map((serial) => again.slotOf(serial))).toEqual(['WS01-S01', 'WS01-S02', 'WS01-S03'])
  expect(again.changedOf('__proto__')).toEqual({ a: '1' })
})

test('a file that cannot be read is said, not overwritten', async () => {
  await writeFile(join(folder, 'phones.json'), '{"a":')
  await expect(open('WS01-S01')).rejects.toThrow(/phones\.json is damaged/)
  expect(await readFile(join(folder, 'phones.json'), 'utf8')).toBe('{"a":')
})
