import { parquetWriteBuffer, type SchemaElement } from 'hyparquet-writer'
import type { Result } from '../protocol/result.ts'
import { countedSessions, SESSION_COLUMNS, type Session, type SessionColumn } from './session-columns.ts'

type ColumnType = 'text' | 'texts' | 'whole' | 'number' | 'flag' | 'time'

/** Said here and not guessed from the values, so that the files of two nights have the same schema. */
const TYPES = {
  id: 'text',
  commandId: 'text',
  videoId: 'text',
  deviceId: 'text',
  device: 'text',
  driver: 'text',
  player: 'text',
  playerVersion: 'text',
  playerDigest: 'text',
  cycle: 'whole',
  batchGroup: 'text',
  attempt: 'whole',
  sessionId: 'text',
  endReason: 'text',
  watchTime: 'number',
  watchPercent: 'number',
  startupMs: 'number',
  rebufferCount: 'whole',
  rebufferMs: 'number',
  rebufferRatio: 'number',
  playingMs: 'number',
  pausedMs: 'number',
  seekingMs: 'number',
  bitrateAvgKbps: 'number',
  bitrateTopKbps: 'number',
  switchCount: 'whole',
  throughputKbps: 'number',
  droppedFrames: 'whole',
  decodedFrames: 'whole',
  liveLatencyP50Ms: 'number',
  liveLatencyP95Ms: 'number',
  liveLatencyEndMs: 'number',
  liveDriftMs: 'number',
  liveWindowSeconds: 'number',
  bytesDownloaded: 'number',
  errorsFatal: 'whole',
  errorsNonfatal: 'whole',
  errorCodes: 'texts',
  loopDelayP99Ms: 'number',
  unreliable: 'flag',
  failure: 'text',
  errorMessage: 'text',
  hasScreenshot: 'flag',
  createdAt: 'time',
} as const satisfies Readonly<Record<SessionColumn, ColumnType>>

/**
 * The counted sessions as a Parquet file (Snappy): the API's names and units, text as UTF-8, whole numbers as INT64, other numbers
 * as DOUBLE, `createdAt` as a timestamp in ms, `errorCodes` as a list. Every column but it is nullable.
 */
export function reportParquet(results: readonly Result[]): Uint8Array {
  const schema = [
    { name: 'root', num_children: SESSION_COLUMNS.length },
    ...SESSION_COLUMNS.flatMap((name) => elementsOf(name, TYPES[name])),
  ]
  const sessions = countedSessions(results)
  const columnData = SESSION_COLUMNS.map((name) => ({
    name,
    data: sessions.map((result) => stored(name, result[name])),
  }))
  return new Uint8Array(parquetWriteBuffer({ columnData, schema, createdBy: 'doai' }))
}

function elementsOf(name: string, type: ColumnType): SchemaElement[] {
  const optional = { name, repetition_type: 'OPTIONAL' } as const
  switch (type) {
    case 'text':
      return [{ ...optional, type: 'BYTE_ARRAY', converted_type: 'UTF8' }]
    case 'whole':
      return [{ ...optional, type: 'INT64' }]
    case 'number':
      return [{ ...optional, type: 'DOUBLE' }]
    case 'flag':
      return [{ ...optional, type: 'BOOLEAN' }]
    case 'time':
      return [{ ...optional, type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' }]
    case 'texts':
      return [
        { name, repetition_type: 'REQUIRED', converted_type: 'LIST', num_children: 1 },
        { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
        { name: 'element', repetition_type: 'REQUIRED', type: 'BYTE_ARRAY', converted_type: 'UTF8' },
      ]
  }
}

function stored(name: SessionColumn, value: Session[SessionColumn]): unknown {
  if (value === null) return null
  if (TYPES[name] === 'whole') return BigInt(value as number)
  return TYPES[name] === 'time' ? new Date(value as string) : value
}
