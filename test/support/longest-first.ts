import { relative } from 'node:path'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files that take a minute and more, by what each took of a whole run: one that began last would run on alone. */
const LONG = [
  'players/lab',
  'faults/all-faults',
  'players/origins',
  'system/package',
  'faults/clock',
  'dashboard/looks',
  'faults/full-disk',
  'model/model',
  'faults/agent',
  'system/cli',
  'faults/poison',
  'dashboard/night',
  'faults/lost',
  'integration/engine',
  'system/night',
  'players/phone-network',
  'players/chromium',
  'system/faults',
  'system/kill',
  'system/tls',
  'players/adb',
  'players/phone-faults',
  'dashboard/connection',
]

/** Starts the longest files first. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const at = LONG.indexOf(relative('test', moduleId).replace(/\.test\.ts$/, ''))
      return at === -1 ? LONG.length : at
    }
    return files.toSorted((a, b) => place(a) - place(b))
  }
}
