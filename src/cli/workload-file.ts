import { readFile } from 'node:fs/promises'
import type { z } from 'zod'
import { ApiError, type Client } from '../client/index.ts'
import { type Issue, issuesOf } from '../protocol/issues.ts'
import { WorkloadFile } from '../protocol/workload-file.ts'
import { CliError } from './context.ts'

/** A workload's file, and what stands in it: `source` is as it was written, for calls that parse it themselves. */
export type WorkloadRead = { file: string; workload: WorkloadFile; source: z.input<typeof WorkloadFile> }

/**
 * Reads workloads from YAML or JSON files. Every mistake of every file is named, by its path and its rule.
 *
 * @throws CliError with exit code 2
 */
export async function readWorkloadFiles(files: readonly string[]): Promise<WorkloadRead[]> {
  const read = await Promise.all(files.map(async (file) => ({ file, ...(await readOne(file)) })))
  const mistakes = read.flatMap(({ file, issues }) => issues.map(({ path, message }) => `${file}: ${path}: ${message}`))
  if (mistakes.length > 0) {
    const count = mistakes.length === 1 ? '1 mistake' : `${mistakes.length} mistakes`
    throw new CliError(`${mistakes.join('\n')}\n${count}; nothing was created.`, 2)
  }
  return read.flatMap(({ file, workload, source }) => (workload === null ? [] : [{ file, workload, source }]))
}

const NO_SOURCE = { name: '', videos: [] }

async function readOne(
  file: string,
): Promise<{ workload: WorkloadFile | null; source: z.input<typeof WorkloadFile>; issues: Issue[] }> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CliError(
      `${file} cannot be read: ${error.code === 'ENOENT' ? 'there is no such file' : error.message}`,
      2,
    )
  })
  const { readYaml } = await import('./read-yaml.ts')
  const read = readYaml(text)
  if (!read.ok) return { workload: null, source: NO_SOURCE, issues: read.issues }
  const source = read.value as z.input<typeof WorkloadFile>
  const parsed = WorkloadFile.safeParse(source)
  return parsed.success
    ? { workload: parsed.data, source, issues: [] }
    : { workload: null, source, issues: issuesOf(parsed.error, 'file', WorkloadFile) }
}

/** Creates a workload from a file, its videos first; ids that the catalogue lacks are found before anything is made. */
export async function createFromFile(client: Client, file: WorkloadFile) {
  return client.createWorkload(await workloadOf(client, file))
}

/** A file as the API takes it, its videos put into the catalogue. @throws CliError where one names an id that is not there */
export async function workloadOf(client: Client, { videos, ...workload }: WorkloadFile) {
  const missing: string[] = []
  for (const [at, video] of videos.entries()) {
    if (!('id' in video)) continue
    await client.getVideo(video.id).catch((error: unknown) => {
      if (!(error instanceof ApiError && error.status === 404)) throw error
      missing.push(`videos.${at}: no video in the catalogue has the id ${video.id}`)
    })
  }
  if (missing.length > 0) throw new CliError(`${missing.join('\n')}\nNothing was created.`, 2)
  const videoIds: string[] = []
  for (const video of videos) videoIds.push('id' in video ? video.id : (await client.createVideo(video)).id)
  const { videoIds: _, ...rest } = workload
  return { ...rest, videoIds }
}
