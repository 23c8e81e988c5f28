import { spawn } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** `failed`: a test did not hold; `by` names the first. `broken`: the tests could not even begin. */
export type Outcome = { kind: 'passed' | 'failed' | 'broken' | 'late'; by: string }

/** Tests that take so long find nothing any more: a fault that only a time-out shows is hard to understand. */
const LATE_MS = 300_000

type VitestReport = {
  testResults: { name: string; message: string; assertionResults: { status: string; title: string }[] }[]
}

/** Runs a file of tests in a copy of the project, to its end: a run that bails out tells nothing of what it ran. */
export async function runTests(folder: string, file: string): Promise<Outcome> {
  const output = join(folder, 'mutation-report.json')
  await rm(output, { force: true })
  const vitest = join(folder, 'node_modules/vitest/vitest.mjs')
  const reporting = ['--reporter=json', `--outputFile=${output}`]
  // Some files have a long form too, in a project of its own.
  const project = file.startsWith('src/') ? 'unit' : 'integration'
  const child = spawn(process.execPath, [vitest, 'run', '--project', project, file, ...reporting], {
    cwd: folder,
    stdio: 'ignore',
    // Its own group: what it started ends with it.
    detached: true,
  })
  const { promise, resolve } = Promise.withResolvers<boolean>()
  child.once('close', () => resolve(true))
  const timer = setTimeout(() => resolve(false), LATE_MS)
  const inTime = await promise
  clearTimeout(timer)
  if (!inTime) {
    process.kill(-(child.pid ?? 0), 'SIGKILL')
    return { kind: 'late', by: `not within ${LATE_MS / 1000} s` }
  }
  return outcomeOf(await readFile(output, 'utf8').catch(() => null), child.exitCode)
}

function outcomeOf(report: string | null, exitCode: number | null): Outcome {
  if (report === null) return { kind: 'broken', by: 'there is no report' }
  const { testResults } = JSON.parse(report) as VitestReport
  const failed = testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .find(({ status }) => status === 'failed')
  if (failed) return { kind: 'failed', by: failed.title }
  if (exitCode === 0) return { kind: 'passed', by: '' }
  return { kind: 'broken', by: testResults.map(({ message }) => message).find((one) => one !== '') ?? 'no test ran' }
}
