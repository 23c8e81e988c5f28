import type { ReadManifests } from '../engine/probe.ts'
import { WorkerLimitError, type WorkerLimits } from '../guarded-worker/limits.ts'
import { WorkerPool } from '../guarded-worker/worker-pool.ts'
import { ManifestError } from '../media/presentation.ts'
import type { Reading, ReadingAnswer } from './manifest-worker.ts'

/** A 24-hour manifest of six renditions in two-second segments takes 2 s and 150 MB. */
const LIMITS: WorkerLimits = { memoryMb: 256, cpuMs: 5_000, wallMs: 30_000, answerBytes: 16 * 2 ** 20 }
const MOST_WAITING = 10_000

export type ManifestReader = AsyncDisposable & { forController: ReadManifests }

/**
 * Reads manifests in processes of their own, within limits of memory, time and size: what would end or hold up this
 * process ends that one, and is a `ManifestError` here.
 *
 * @param kept processes that wait for work.
 */
export function startManifestReader({
  kept,
  limits = LIMITS,
}: {
  kept: number
  limits?: WorkerLimits
}): ManifestReader {
  // From a clone it is TypeScript, from the package what that was compiled to.
  const file = new URL(
    import.meta.url.endsWith('.ts') ? './manifest-worker.ts' : './manifest-worker.js',
    import.meta.url,
  )
  const pool = new WorkerPool<Reading, ReadingAnswer>({ file, limits, workers: 2, kept, mostWaiting: MOST_WAITING })
  pool.warm()
  const read = async <T extends object>(reading: Reading, signal: AbortSignal): Promise<T> => {
    const { text, url } = reading
    // CMCD is in the query: a source is the manifest that many sessions read.
    const task = { source: url.split(/[?#]/)[0] ?? url, input: text, signal }
    const answer = await pool.run(reading, task).catch((error: unknown) => {
      throw error instanceof WorkerLimitError ? new ManifestError(`reading it: ${error.message}`) : error
    })
    if (!answer.ok) throw new ManifestError(answer.message)
    return answer.value as T
  }
  return {
    forController: {
      manifest: (text, url, contentType, signal) => read({ kind: 'summary', text, url, contentType }, signal),
      playlist: (text, url, signal) => read({ kind: 'duration', text, url, contentType: null }, signal),
    },
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  }
}
