import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Context } from '../../src/cli/context.ts'
import { runCli } from '../../src/cli/program.ts'
import { terminalOf } from '../../src/cli/terminal.ts'
import { agentCalls } from '../../src/protocol/agent-calls.ts'
import { tradedLink } from '../support/agent-call.ts'
import { createOf, startTestSystem, type TestSystem } from '../support/system.ts'

/** Sets a title, clears the screen, turns a line round, overwrites it, begins one of its own. */
const HOSTILE = 'x\u001b]0;owned\u0007\u001b[2J\u009b1mbad\u202efdp\u2066\rOK'

let system: TestSystem
let folder: string
let ids: { video: string; workload: string }
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'doai-terminal-'))
  system = await startTestSystem({})
  const { link } = await tradedLink(system.client, system.url, 'WS01')
  const device = {
    slot: 'S01',
    driver: 'test',
    model: HOSTILE,
    os: HOSTILE,
    labels: { ap: `west${HOSTILE}`.replace(/\r/g, '') },
  }
  await link.call(agentCalls.enrol, { body: { agentVersion: HOSTILE.slice(0, 40), devices: [device] } })
  const url = 'http://127.0.0.1:9/none.m3u8'
  const video = await system.client.createVideo({ url, title: HOSTILE })
  const { id } = await createOf(system.client, [url], { name: HOSTILE })
  await system.client.startWorkload(id)
  await system.ended(id)
  await system.client.createToken({ role: 'viewer', name: HOSTILE })
  ids = { video: video.id, workload: id }
})
afterAll(async () => {
  await system?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

/** What a command writes to a terminal, or to a pipe. */
async function written(args: string[], isTTY: boolean): Promise<string> {
  const pieces: string[] = []
  const write = (piece: string) => void pieces.push(piece)
  const stream = { isTTY, columns: 200, rows: 50, on: () => {}, write }
  const env = { DOAI_URL: system.url, DOAI_TOKEN: system.adminToken }
  const process = { stdout: stream, stderr: stream, env } as unknown as Parameters<typeof terminalOf>[0]
  const runners = { fetchTrusting: async () => fetch } as unknown as Context['runners']
  const context = { ...terminalOf(process, () => {}), version: '0', env, signal: new AbortController().signal, runners }
  await runCli(args, context)
  return pieces.join('')
}

const COMMANDS = [
  'video list',
  'video add http://127.0.0.1:9/none.m3u8',
  'video probe VIDEO',
  'workload list',
  'workload status WORKLOAD',
  'workload why WORKLOAD',
  'workload logs WORKLOAD',
  'workload stats WORKLOAD',
  'workload watch WORKLOAD',
  'workload report WORKLOAD',
  'workload report WORKLOAD --format csv',
  'workload report WORKLOAD --format html',
  'workload report WORKLOAD --format junit',
  'workload history WORKLOAD',
  'replay WORKLOAD',
  'replay WORKLOAD --check',
  'device list',
  'device why WS01-S01',
  'device drain WS01-S01',
  'workstation list',
  'token list',
  'audit',
  'origin verify HOSTILE',
  'replay HOSTILE',
  'HOSTILE',
]

/** The styles that there are, and what a view that is drawn anew takes. */
const OURS = /^\[(?:(?:1|2|22|3[1236]|39)m|\?(?:2026|25)[hl]|\d*[AGK])/

function withoutOurs(text: string): string {
  const [first = '', ...others] = text.split('\u001b')
  return first + others.map((piece) => (OURS.test(piece) ? piece.replace(OURS, '') : `\u001b${piece}`)).join('')
}

test.each(COMMANDS)('doai %s: nothing of what others wrote drives the terminal', async (line) => {
  const values: Record<string, string> = { VIDEO: ids.video, WORKLOAD: ids.workload, HOSTILE }
  const args = line.split(' ').map((word) => values[word] ?? word)
  for (const [isTTY, more] of [
    [true, []],
    [false, []],
    [false, ['--json']],
  ] as const) {
    const text = await written([...args, ...more], isTTY)
    const others = withoutOurs(text).replace(/\r?\n/g, '')
    expect(others).not.toBe('')
    expect(others).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u)
  }
})

test('a report’s file has nothing of it either', async () => {
  for (const format of ['text', 'html', 'csv', 'junit', 'json']) {
    const file = join(folder, format)
    await written(['workload', 'report', ids.workload, '--format', format, '--out', file], false)
    expect((await readFile(file, 'utf8')).replace(/\r?\n/g, '')).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u)
  }
})
