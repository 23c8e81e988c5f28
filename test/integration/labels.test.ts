import { afterEach, expect, test } from 'vitest'
import { WorkloadSettings } from '../../src/domain/workload-config.ts'
import { enrol } from '../../src/engine/agents.ts'
import { type Targeting, targetsOf } from '../../src/engine/targets.ts'
import { createTestLab, type TestLab } from '../support/lab.ts'

let lab: TestLab
afterEach(() => lab[Symbol.asyncDispose]())

test('a limit on a label that is named as an object’s own method is one on those that have it', async () => {
  lab = await createTestLab({})
  const device = (slot: string, labels: object) => ({
    slot,
    driver: 'test',
    model: '',
    os: '',
    labels: labels as Record<string, string>,
  })
  const devices = [device('S01', {}), device('S02', { constructor: 'west' }), device('S03', { valueOf: 'east' })]
  await enrol(lab.engine, { ...lab.speaker('WS01'), agentVersion: '0', devices })
  const maxConcurrent = ['constructor', 'valueOf'].map((label) => ({ label, per: 1 }))
  const maxMbps = { label: 'toString', per: 0.001 }
  const id = await lab.workload(WorkloadSettings.parse({ maxConcurrent, maxMbps }))
  const { rows } = await lab.database.pool.query<Targeting>('SELECT * FROM workloads WHERE id = $1', [id])
  const { devices: planned } = await targetsOf(lab.database.pool, rows[0] as Targeting, 0)
  expect(planned.map(({ slot, labels }) => [slot, Object.entries(labels ?? {})])).toEqual([
    ['S01', []],
    ['S02', [['constructor', 'west']]],
    ['S03', [['valueOf', 'east']]],
  ])
})
