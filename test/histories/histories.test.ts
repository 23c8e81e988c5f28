import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import type * as Settle from '../../src/domain/settle.ts'
import type * as StepModule from '../../src/domain/step.ts'
import type { Workload } from '../../src/domain/workload.ts'
import { WorkloadSettings } from '../../src/domain/workload-config.ts'
import { checkHistory } from '../../src/simulation/check-history.ts'
import type { History } from '../../src/simulation/history.ts'
import { replay } from '../../src/simulation/replay.ts'
import { settingsOf, underSettings } from '../../src/simulation/replay-settings.ts'

const FILES = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.json'))

function kept(name: string): History {
  return JSON.parse(readFileSync(join(import.meta.dirname, name), 'utf8')) as History
}

afterEach(() => {
  vi.doUnmock('../../src/domain/step.ts')
  vi.doUnmock('../../src/domain/settle.ts')
  vi.resetModules()
})

test.each(FILES)('%s replays with no difference', (name) => {
  const { steps, differences } = checkHistory(kept(name))
  expect(steps).toBeGreaterThan(0)
  expect(differences).toEqual([])
})

test.each(FILES)('%s under its own config ends as it ended', (name) => {
  const history = kept(name)
  const asked = WorkloadSettings.parse(settingsOf(history))
  const { recorded, replayed, refused } = replay(history, underSettings(history, asked))
  expect({ ...replayed, refused }).toMatchObject({ status: recorded.status, failed: recorded.failed, refused: [] })
})

/** How many kept histories a check made of mutated rules catches. */
async function caught(): Promise<number> {
  vi.resetModules()
  const { checkHistory: mutated } = await import('../../src/simulation/check-history.ts')
  return FILES.filter((name) => mutated(kept(name)).differences.length > 0).length
}

function stepThat(changes: (workload: Workload) => Workload) {
  vi.doMock('../../src/domain/step.ts', async (original) => {
    const real = await original<typeof StepModule>()
    const step: typeof real.step = (...given) => {
      const stepped = real.step(...given)
      return { ...stepped, workload: changes(stepped.workload) }
    }
    return { ...real, step }
  })
}

test('a step that ignores the rest between batches is caught', async () => {
  stepThat((workload) => {
    const { phase } = workload
    if (phase.status !== 'executing' || phase.cycle.at.kind !== 'resting') return workload
    return { ...workload, phase: { ...phase, cycle: { ...phase.cycle, at: { ...phase.cycle.at, until: 0 } } } }
  })
  expect(await caught()).toBeGreaterThan(3)
})

test('a step that does not wait between videos is caught', async () => {
  stepThat((workload) => {
    return workload.phase.status === 'waiting' ? { ...workload, phase: { status: 'waiting', until: 0 } } : workload
  })
  expect(await caught()).toBeGreaterThan(0)
})

test('a step that lets a bad batch pass is caught', async () => {
  stepThat((workload) => {
    const { phase } = workload
    if (phase.status !== 'paused' || phase.by !== 'gate' || phase.cycle === null) return workload
    return { ...workload, phase: { status: 'executing', cycle: phase.cycle, ending: null } }
  })
  expect(await caught()).toBeGreaterThan(0)
})

test('a lost retry is caught', async () => {
  vi.doMock('../../src/domain/settle.ts', async (original) => {
    const real = await original<typeof Settle>()
    const settleAttempt: typeof real.settleAttempt = (...given) => {
      const settled = real.settleAttempt(...given)
      return settled.status === 'retrying' ? { status: 'failed', failure: settled.failure, counted: true } : settled
    }
    return { ...real, settleAttempt }
  })
  expect(await caught()).toBeGreaterThan(1)
})
