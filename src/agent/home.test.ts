import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openHome } from './home.ts'

const PROCESSES = 4
const RACES = 40
/** No process has this number on Linux. */
const DEAD = '4194999 1\n'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'doai-home-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function answerOf(child: ChildProcess, directory: string): Promise<string> {
  const answered = once(child, 'message')
  child.send(directory)
  return String((await answered)[0])
}

test('of agents that begin at once on one folder, new or left by one that died, one has it', async () => {
  const children = Array.from({ length: PROCESSES }, () => fork(new URL('./home.test-data.ts', import.meta.url)))
  try {
    await Promise.all(children.map((child) => once(child, 'message')))
    for (let race = 0; race < RACES; race++) {
      const directory = join(folder, `race-${race}`)
      await mkdir(directory)
      if (race % 4 === 1) await writeFile(join(directory, 'agent.pid'), DEAD)
      if (race % 4 === 2) await writeFile(join(directory, 'agent.pid.7'), DEAD)
      if (race % 4 === 3) await writeFile(join(directory, 'agent.pid'), '')
      const answers = await Promise.all(children.map((child) => answerOf(child, directory)))
      expect([race, ...answers.sort()]).toEqual([race, ...Array(PROCESSES - 1).fill('HomeBusyError'), 'has it'])
      expect(await readdir(directory)).toHaveLength(1)
    }
  } finally {
    for (const child of children) child.kill()
  }
})

test('a folder is free when its agent has left it, or has died', async () => {
  const directory = join(folder, 'turns')
  for (let turn = 0; turn < 3; turn++) {
    await using _ = await openHome(directory)
    await expect(openHome(directory)).rejects.toThrow(
      `Another agent (process ${process.pid}) is running on ${directory}: stop it first, or give this one --data.`,
    )
  }
  const child = fork(new URL('./home.test-data.ts', import.meta.url))
  await once(child, 'message')
  expect(await answerOf(child, directory)).toBe('has it')
  await expect(openHome(directory)).rejects.toThrow(`process ${child.pid}`)
  child.kill('SIGKILL')
  await once(child, 'exit')
  await using _ = await openHome(directory)
})
