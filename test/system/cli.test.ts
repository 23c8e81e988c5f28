import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type MediaServer, startMediaServer } from '../support/media-server.ts'
import { doai } from '../support/process.ts'
import { startTestSystem, type TestSystem } from '../support/system.ts'

let system: TestSystem
let media: MediaServer
let folder: string
let env: Record<string, string>
beforeAll(async () => {
  media = await startMediaServer()
  system = await startTestSystem({ WS01: 2 })
  folder = await mkdtemp(join(tmpdir(), 'doai-cli-'))
  env = { DOAI_URL: system.url, DOAI_TOKEN: system.adminToken }
})
afterAll(async () => {
  await system?.[Symbol.asyncDispose]()
  await media?.[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, text)
  return path
}

const short = 'batchConfig: { batchSizePercent: 100 }\nwatchConfig: { watchDurationMin: 1, watchDurationMax: 1 }\n'

test('a file with five mistakes: all five are named by path and rule, and nothing is created', async () => {
  const path = await file(
    'five.yaml',
    `name: ""
videos:
  - ftp://media.example.com/a.m3u8
preset: quick
batchConfig: { batchSizePercent: 5 }
watchConfig: { watchDurationMin: 50, watchDurationMax: 40 }
`,
  )
  const { code, err } = await doai(['run', path], env)
  expect(code).toBe(2)
  for (const said of [
    'name: Too small',
    'videos.0: must be an http or https url',
    'preset: Invalid option: expected one of "fast"',
    'batchConfig.batchSizePercent: Too small: expected number to be >=10',
    'watchConfig.watchDurationMax: must be at least watchDurationMin',
    '5 mistakes; nothing was created.',
  ]) {
    expect(err).toContain(said)
  }
  expect((await system.client.getWorkloads()).items).toEqual([])
  expect((await system.client.getVideos()).items).toEqual([])
})

test('what is no YAML is told by line, a field that is none by its name, an id that is none before anything is made', async () => {
  const broken = await doai(['run', await file('broken.yaml', 'name: a\nvideos: [\n')], env)
  expect(broken).toMatchObject({ code: 2, err: expect.stringMatching(/line \d+, column \d+/) })
  const alias = await doai(['run', await file('alias.yaml', 'name: *none\nvideos: []\n')], env)
  expect(alias).toMatchObject({ code: 2, err: expect.stringMatching(/alias\.yaml: YAML: Unresolved alias/) })
  const unknown = await doai(
    ['run', await file('unknown.yaml', `name: a\nvideos: [http://localhost/a]\nlikes: 3\n`)],
    env,
  )
  expect(unknown).toMatchObject({ code: 2, err: expect.stringContaining('likes: is not a field here') })
  const id = '01890000-0000-7000-8000-000000000000'
  const missing = await doai(
    ['run', await file('id.yaml', `name: a\nvideos: [${media.url}/x/master.m3u8, ${id}]\n`)],
    env,
  )
  expect(missing).toMatchObject({
    code: 2,
    err: expect.stringContaining(`videos.1: no video in the catalogue has the id ${id}`),
  })
  expect((await system.client.getVideos()).items).toEqual([])
})

test('run: 0 when all is well, with the results as a table or as JSON', async () => {
  const good = await file('good.yaml', `name: Good\nvideos: [${media.video('good')}]\n${short}`)
  const people = await doai(['run', good], env)
  expect(people).toMatchObject({
    code: 0,
    out: expect.stringMatching(/WS01-S01 +headless +1 +A +played(, unreliable)? +[1-9]\.\d s +100 %/),
  })
  const scripts = await doai(['run', good, '--json'], env)
  expect(scripts.code).toBe(0)
  expect(JSON.parse(scripts.out)).toMatchObject({ workload: { status: 'completed' }, stats: { total: 2, success: 2 } })
})

test('run: 1 when a command failed or a video could not be listed; what was to follow a success is cancelled', async () => {
  const gone = media.video('gone', ({ name }, response) => {
    if (!name.includes('chunk')) return false
    response.writeHead(410).end()
    return true
  })
  const failing = await file('failing.yaml', `name: Failing\nvideos: [${gone}]\n${short}`)
  expect((await doai(['run', failing, '--json'], env)).code).toBe(1)
  const error = await file('error.yaml', `name: Error\nvideos: [https://media.example.com/a.m3u8]\n${short}`)
  const after = await file('after.yaml', `name: After\nvideos: [${media.video('after')}]\n${short}`)
  expect((await doai(['run', error, after, '--json'], env)).code).toBe(1)
  const { items } = await system.client.getWorkloads()
  expect(items.map(({ name, status, verdict }) => [name, status, verdict]).slice(0, 3)).toEqual([
    ['After', 'cancelled', 'incomplete'],
    ['Error', 'error', 'failed'],
    ['Failing', 'completed', 'failed'],
  ])
})

test('play, and what the registries print', async () => {
  const played = await doai(['play', media.video('play'), '--seconds', '1', '--percent', '100'], env)
  expect(played).toMatchObject({ code: 0, out: expect.stringContaining('2 played, 0 failed') })
  expect(await doai(['play', 'nonsense'], env)).toMatchObject({ code: 2, err: expect.stringContaining('videos.0') })
  const list = await doai(['device', 'list'], env)
  expect(list.out).toMatch(/WS01-S02 +headless +headless +available/)
  expect((await doai(['device', 'why', 'WS01-S02'], env)).out).toBe(
    'WS01-S02 is free: no workload that runs has anything for it.\n',
  )
  expect(await doai(['device', 'why', 'WS01-S09'], env)).toMatchObject({ code: 1, err: 'There is no such device.\n' })
  const probe = await doai(['video', 'probe', media.video('probe')], env)
  expect(probe.out).toMatch(
    /^hls, (23\.9|27\.4|21\.7|33\.3) s, read by shaka v5\.\S+\n.*KBIT\/S.*\nvideo +\d+ +\d+×\d+/,
  )
  const origin = await doai(['origin', 'add', 'https://media.example.com', '--path-prefix', '/team/'], env)
  expect(origin.out).toMatch(/https:\/\/media\.example\.com\/team\/\.well-known\/doai-[0-9a-f]{40}\.txt/)
  expect(await doai(['origin', 'add', 'http://127.0.0.1:80'], env)).toMatchObject({
    code: 2,
    err: expect.stringContaining('needs no proof'),
  })
  const token = await doai(['token', 'create', '--role', 'viewer', '--json'], env)
  expect(JSON.parse(token.out).token).toMatch(/^doai_/)
})

test('mistakes of the command line itself end with 2, and a controller that is away says what to do', async () => {
  expect(await doai(['workload', 'pause'], env)).toMatchObject({ code: 2, err: expect.stringContaining("'id'") })
  expect(await doai(['agent', '--workstation', 'ws1'], env)).toMatchObject({
    code: 2,
    err: expect.stringContaining('capitals'),
  })
  expect(await doai(['serve', '--host', '0.0.0.0'], env)).toMatchObject({
    code: 2,
    err: expect.stringContaining('--insecure'),
  })
  const away = await doai(['device', 'list'], { ...env, DOAI_URL: 'http://127.0.0.1:1' })
  expect(away).toMatchObject({ code: 1, err: expect.stringContaining('doai serve') })
})
