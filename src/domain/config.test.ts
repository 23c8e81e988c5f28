import { expect, test } from 'vitest'
import { BatchConfig, BatchOverrides, resolveBatchConfig, WatchConfig } from './config.ts'

test('defaults and their ranges are those of the glossary', () => {
  expect(BatchConfig.parse({})).toEqual({
    batchSizePercent: 50,
    batchIntervalSeconds: 60,
    cycleIntervalSeconds: 300,
    maxRetries: 3,
    retryDelaySeconds: 30,
    commandTimeoutSeconds: 120,
    failureThresholdPercent: null,
    workloadFailureThresholdPercent: null,
    failureThresholdMinSample: 1,
  })
  expect(BatchOverrides.parse({})).toEqual({})
  for (const bad of [{ batchSizePercent: 9 }, { batchIntervalSeconds: 601 }, { cycleIntervalSeconds: 59 }, { x: 1 }]) {
    expect(BatchOverrides.safeParse(bad).success).toBe(false)
  }
})

test('own config wins over preset, preset over default', () => {
  const config = resolveBatchConfig({ batchIntervalSeconds: 15 }, 'ultra_safe', 300)
  expect(config).toMatchObject({ batchSizePercent: 25, batchIntervalSeconds: 15, cycleIntervalSeconds: 600 })
  const percents = [50, 51, 101, 201].map((devices) => resolveBatchConfig({}, 'auto', devices).batchSizePercent)
  expect(percents).toEqual([100, 50, 33, 25])
})

test('a maximum below its minimum is refused at its own path', () => {
  const parsed = WatchConfig.safeParse({ watchDurationMin: 40, watchDurationMax: 20 })
  expect(parsed.error?.issues[0]?.path).toEqual(['watchDurationMax'])
})
