import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import { expect, test } from 'vitest'
import type { Result } from '../protocol/result.ts'
import { exampleResult } from './example.test-data.ts'
import { reportParquet } from './report-parquet.ts'

function fileOf(results: readonly Result[]): ArrayBuffer {
  return reportParquet(results).slice().buffer
}

async function read(results: readonly Result[]): Promise<unknown[]> {
  const rows = await parquetReadObjects({ file: fileOf(results) })
  return rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, asInApi(value)])))
}

function asInApi(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  return value instanceof Date ? value.toISOString() : value
}

function schemaOf(results: readonly Result[]): unknown {
  return parquetMetadata(fileOf(results)).schema
}

/** Every row is a counted one: the file does not say so of each. */
function shown({ counted: _, ...rest }: Result) {
  return rest
}

/** Every column that may be null is. */
const emptiest = exampleResult(3, {
  driver: null,
  player: null,
  playerVersion: null,
  playerDigest: null,
  startupMs: null,
  bitrateAvgKbps: null,
  bitrateTopKbps: null,
  throughputKbps: null,
  liveLatencyP50Ms: null,
  liveLatencyP95Ms: null,
  liveLatencyEndMs: null,
  liveDriftMs: null,
  liveWindowSeconds: null,
  droppedFrames: null,
  decodedFrames: null,
  loopDelayP99Ms: null,
  unreliable: false,
  failure: null,
  errorMessage: null,
  errorCodes: [],
})

test('what is written is read back equal', async () => {
  const results = [
    exampleResult(0),
    exampleResult(1, {
      droppedFrames: 3,
      decodedFrames: 900,
      failure: 'content',
      errorMessage: '세그먼트 14: "404"\n',
    }),
    exampleResult(2, { errorCodes: [], startupMs: 700, hasScreenshot: true }),
    emptiest,
  ]
  expect(await read(results)).toEqual(results.map(shown))
})

test('a session that is not counted is in no file of statistics', async () => {
  expect(await read([exampleResult(0, { counted: false }), exampleResult(1)])).toEqual([shown(exampleResult(1))])
})

test('more sessions than a row group has', async () => {
  const results = Array.from({ length: 2500 }, (_, at) => exampleResult(at % 50))
  expect(await read(results)).toEqual(results.map(shown))
})

test('its timeline is left out', async () => {
  expect(await read([exampleResult(0, { timeline: [{ atMs: 0, kind: 'play' }] })])).toEqual([shown(exampleResult(0))])
})

test('the schema is the same whatever the values, and of no sessions', async () => {
  expect(schemaOf([emptiest])).toEqual(schemaOf([exampleResult(0, { startupMs: 12 })]))
  expect(schemaOf([])).toEqual(schemaOf([exampleResult(0)]))
  expect(await read([])).toEqual([])
})
