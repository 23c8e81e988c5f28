import { createHash } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { MUTATIONS, type Mutation } from './catalogue.ts'
import { keepRow, type Row, readRows, tableOf } from './rows.ts'
import { type Outcome, runTests } from './run-tests.ts'
import { changed, copyProject } from './working-copy.ts'

/**
 * Puts one deliberate fault after the other into a copy of the project and runs the tests that must notice it. Rows are
 * kept as they are made, by the state of the sources, so that a run that was broken off goes on where it was.
 * Ends with 1 where a fault was not noticed.
 */
const { values } = parseArgs({ options: { only: { type: 'string' }, fresh: { type: 'boolean', default: false } } })
const chosen = MUTATIONS.filter(({ name }) => values.only === undefined || name.includes(values.only))
if (chosen.length === 0) throw new Error(`No mutation's name has ${JSON.stringify(values.only)} in it.`)

await using copy = await copyProject()
const file = join(tmpdir(), `doai-mutations-${copy.hash.slice(0, 12)}.jsonl`)
if (values.fresh) await rm(file, { force: true })
const rows = new Map((await readRows(file)).map((row) => [row.key, row]))
console.log(`rows are kept in ${file}`)

async function once(key: string, name: string, run: () => Promise<Outcome>): Promise<Row> {
  const known = rows.get(key)
  if (known) return known
  const began = performance.now()
  const row = { key, name, ...(await run()), seconds: Math.round((performance.now() - began) / 100) / 10 }
  await keepRow(file, row)
  rows.set(key, row)
  return row
}

/** A test that fails by itself notices nothing. */
async function holdsUnchanged(tests: string): Promise<void> {
  const row = await once(`unchanged ${tests}`, `nothing changed: ${tests}`, () => runTests(copy.path, tests))
  if (row.kind !== 'passed') throw new Error(`${tests} does not pass as it is: ${row.kind}, ${row.by}`)
}

/** One file after the other: those of several projects do not run together, and the first that fails is enough. */
async function firstThatFails(tests: readonly string[]): Promise<Outcome> {
  for (const file of tests) {
    const outcome = await runTests(copy.path, file)
    if (outcome.kind !== 'passed') return outcome
  }
  return { kind: 'passed', by: '' }
}

function keyOf(mutation: Mutation): string {
  return createHash('sha256').update(JSON.stringify(mutation)).digest('hex')
}

for (const tests of new Set(chosen.flatMap((mutation) => mutation.tests))) await holdsUnchanged(tests)
const found: Row[] = []
for (const mutation of chosen) {
  const row = await once(keyOf(mutation), mutation.name, async () => {
    const path = join(copy.path, mutation.file)
    await using _ = await changed(path, await mutated(path, mutation))
    // Awaited here: the file is put back when this returns.
    return await firstThatFails(mutation.tests)
  })
  console.log(`${row.kind === 'failed' ? 'caught' : row.kind.toUpperCase()}  ${row.name} (${row.seconds} s)`)
  found.push(row)
}
console.log(`\n${tableOf(found)}`)
const survived = found.filter(({ kind }) => kind !== 'failed')
console.log(`${found.length - survived.length} of ${found.length} caught`)
process.exitCode = survived.length === 0 ? 0 : 1

async function mutated(path: string, { name, find, replace }: Mutation): Promise<string> {
  const parts = (await readFile(path, 'utf8')).split(find)
  if (parts.length !== 2) throw new Error(`${name}: what it changes is in ${path} ${parts.length - 1} times, not once`)
  return parts.join(replace)
}
