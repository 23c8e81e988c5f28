import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { SessionReport } from '../domain/playback-result.ts'

/** One line of the journal. `at` is the machine's own time, ISO 8601. */
export type JournalRecord = { at: string } & (
  | { kind: 'opened'; instance: string; pid: number }
  | { kind: 'begun'; token: string; device: string; sessionId: string }
  /** It was not begun after all: no controller let it. */
  | { kind: 'dropped'; token: string }
  | { kind: 'ended'; token: string; report: SessionReport }
  | { kind: 'reported'; token: string; receipt: string }
)

/** What an agent before this one left behind: a session with its report, or without one where it died in it. */
export type Unfinished = { token: string; sessionId: string; report: SessionReport | null }

export type OpenedJournal = {
  journal: Journal
  unfinished: Unfinished[]
  /** Files that could not be read whole and were set aside, under their new names. */
  damaged: string[]
}

export type JournalOptions = {
  directory: string
  instance: string
  now: () => Date
  /** A file is ended when it is so large. */
  fileBytes?: number
  /** The newest files of so many bytes together are kept, besides those that unfinished sessions need. */
  keepBytes?: number
}

const FILE_BYTES = 4 * 2 ** 20
const KEEP_BYTES = 40 * 2 ** 20
/** What a file takes on a disk at least: an agent that is started again and again makes many small ones. */
const LEAST_BYTES = 4096
const NAME = /^journal-(\d{8})\.log$/

/**
 * What an agent began and what it finished, on disk before any controller is told. Each line carries its own checksum;
 * a line that a crash cut off is one that was never written.
 */
export class Journal {
  readonly #options: Required<JournalOptions>
  readonly #open: Map<string, number>
  #file: FileHandle
  #number: number
  #size = 0
  #queue: { text: string; owed: string; done: () => void; fail: (error: unknown) => void }[] = []
  /** What happened though it could not be written: it comes before what is written next. */
  #owed = ''
  #writing: Promise<void> | undefined

  private constructor(options: Required<JournalOptions>, file: FileHandle, number: number, unfinished: Unfinished[]) {
    this.#options = options
    this.#file = file
    this.#number = number
    this.#open = new Map(unfinished.map(({ token }) => [token, number]))
  }

  /** Opens a directory's journal, in a new file; what earlier files say and nothing has finished comes with it. */
  static async open(given: JournalOptions): Promise<OpenedJournal> {
    const options = { fileBytes: FILE_BYTES, keepBytes: KEEP_BYTES, ...given }
    await mkdir(options.directory, { recursive: true, mode: 0o700 })
    const numbers = await numbersIn(options.directory)
    const records: JournalRecord[] = []
    const broken: number[] = []
    for (const number of numbers) {
      const read = readRecords(await readFile(pathOf(options.directory, number), 'utf8'))
      records.push(...read.records)
      if (read.damaged) broken.push(number)
    }
    const unfinished = unfinishedOf(records)
    const number = (numbers.at(-1) ?? 0) + 1
    const file = await open(pathOf(options.directory, number), 'wx', 0o600)
    const journal = new Journal(options, file, number, unfinished)
    const opened: JournalRecord = { ...journal.#stamp(), kind: 'opened', instance: options.instance, pid: process.pid }
    // Carried over, so that what follows needs no file before this one.
    await journal.append([opened, ...unfinished.flatMap((one) => journal.#carried(one))])
    await journal.#dropOld()
    const damaged = await Promise.all(broken.map((one) => setAside(options.directory, one)))
    return { journal, unfinished, damaged }
  }

  /**
   * Resolves when all of it is on disk. Rejects where it cannot be written: then what was to begin has not begun, and
   * what has happened is written with what comes next.
   */
  append(records: readonly JournalRecord[]): Promise<void> {
    const text = records.map(lineOf).join('')
    const owed = records.filter(({ kind }) => kind === 'ended' || kind === 'reported' || kind === 'dropped')
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#queue.push({ text, owed: owed.map(lineOf).join(''), done: resolve, fail: reject })
    this.#writing ??= this.#write()
    for (const record of records) this.#track(record)
    // What was to begin and could not be written has not begun: no file is kept for it.
    promise.catch(() => {
      for (const record of records) if (record.kind === 'begun') this.#open.delete(record.token)
    })
    return promise
  }

  begun(sessions: readonly { token: string; device: string; sessionId: string }[]): Promise<void> {
    return this.append(sessions.map((one) => ({ ...this.#stamp(), kind: 'begun', ...one })))
  }

  dropped(tokens: readonly string[]): Promise<void> {
    return this.append(tokens.map((token) => ({ ...this.#stamp(), kind: 'dropped', token })))
  }

  ended(token: string, report: SessionReport): Promise<void> {
    return this.append([{ ...this.#stamp(), kind: 'ended', token, report }])
  }

  reported(receipts: Readonly<Record<string, string>>): Promise<void> {
    const entries = Object.entries(receipts)
    return this.append(entries.map(([token, receipt]) => ({ ...this.#stamp(), kind: 'reported', token, receipt })))
  }

  /** Finds out whether it can be written again. */
  probe(): Promise<void> {
    return this.append([{ ...this.#stamp(), kind: 'opened', instance: this.#options.instance, pid: process.pid }])
  }

  async close(): Promise<void> {
    await this.#writing
    await this.#file.close()
  }

  #stamp(): { at: string } {
    return { at: this.#options.now().toISOString() }
  }

  #carried({ token, sessionId, report }: Unfinished): JournalRecord[] {
    const begun: JournalRecord = { ...this.#stamp(), kind: 'begun', token, device: '', sessionId }
    return report === null ? [begun] : [begun, { ...this.#stamp(), kind: 'ended', token, report }]
  }

  #track(record: JournalRecord): void {
    if (record.kind === 'begun') this.#open.set(record.token, this.#number)
    if (record.kind === 'dropped' || record.kind === 'reported') this.#open.delete(record.token)
  }

  /** All that waits goes to disk together, with one sync. */
  async #write(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue
      this.#queue = []
      try {
        await this.#writeText(this.#owed + batch.map(({ text }) => text).join(''))
        this.#owed = ''
        for (const { done } of batch) done()
      } catch (error) {
        this.#owed += batch.map(({ owed }) => owed).join('')
        for (const { fail } of batch) fail(error)
      }
    }
    this.#writing = undefined
  }

  async #writeText(text: string): Promise<void> {
    if (this.#size > this.#options.fileBytes) await this.#rotate()
    const bytes = Buffer.from(text)
    try {
      for (let at = 0; at < bytes.length; ) {
        at += (await this.#file.write(bytes, at, bytes.length - at, this.#size + at)).bytesWritten
      }
      await this.#file.datasync()
      this.#size += bytes.length
    } catch (error) {
      // What was written in part must not stand before what comes next.
      await this.#file.truncate(this.#size).catch(() => {})
      throw error
    }
  }

  async #rotate(): Promise<void> {
    const next = await open(pathOf(this.#options.directory, this.#number + 1), 'wx', 0o600)
    await this.#file.close()
    this.#file = next
    this.#number += 1
    this.#size = 0
    await this.#dropOld()
  }

  async #dropOld(): Promise<void> {
    const { directory, keepBytes } = this.#options
    const needed = Math.min(this.#number, ...this.#open.values())
    let bytes = 0
    for (const number of (await numbersIn(directory)).reverse()) {
      const path = pathOf(directory, number)
      bytes += Math.max(LEAST_BYTES, (await stat(path)).size)
      if (number < needed && bytes > keepBytes) await rm(path, { force: true })
    }
  }
}

/** A journal's records, in order; `damaged` where a line in the middle is none. */
export function readRecords(text: string): { records: JournalRecord[]; damaged: boolean } {
  const records: JournalRecord[] = []
  const lines = text.split('\n')
  // After the last end of line is what a crash cut off, or nothing.
  lines.pop()
  let damaged = false
  for (const line of lines) {
    const record = recordOf(line)
    if (record === null) damaged = true
    else records.push(record)
  }
  return { records, damaged }
}

function recordOf(line: string): JournalRecord | null {
  const json = line.slice(9)
  if (line.slice(0, 9) !== `${checksum(json)} `) return null
  return JSON.parse(json) as JournalRecord
}

function lineOf(record: JournalRecord): string {
  const json = JSON.stringify(record)
  return `${checksum(json)} ${json}\n`
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0')
}

function unfinishedOf(records: readonly JournalRecord[]): Unfinished[] {
  const open = new Map<string, Unfinished>()
  for (const record of records) {
    if (record.kind === 'begun') open.set(record.token, { ...record, report: open.get(record.token)?.report ?? null })
    if (record.kind === 'ended') {
      open.set(record.token, { token: record.token, sessionId: record.report.sessionId, report: record.report })
    }
    if (record.kind === 'dropped' || record.kind === 'reported') open.delete(record.token)
  }
  return [...open.values()].map(({ token, sessionId, report }) => ({ token, sessionId, report }))
}

async function numbersIn(directory: string): Promise<number[]> {
  const names = await readdir(directory)
  return names
    .flatMap((name) => name.match(NAME)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b)
}

function pathOf(directory: string, number: number): string {
  return join(directory, `journal-${String(number).padStart(8, '0')}.log`)
}

async function setAside(directory: string, number: number): Promise<string> {
  const aside = `${pathOf(directory, number)}.damaged`
  await rename(pathOf(directory, number), aside)
  return aside
}
