import { execFile } from 'node:child_process'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { createTestDatabase } from '../support/database.ts'
import { doai, startDoai } from '../support/process.ts'
import { disposableFolder } from '../support/temporary-folder.ts'

const run = promisify(execFile)

/** A certificate authority of one's own, and a certificate for loopback that it signed. */
async function certificates(folder: string): Promise<void> {
  const openssl = (...args: string[]) => run('openssl', args, { cwd: folder })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  await openssl('req', '-x509', ...key, '-days', '2', '-subj', '/CN=a lab', '-keyout', 'ca.key', '-out', 'ca.pem')
  await openssl(
    'req',
    '-x509',
    ...key,
    '-days',
    '2',
    '-subj',
    '/CN=another',
    '-keyout',
    'other.key',
    '-out',
    'other.pem',
  )
  await openssl('req', ...key, '-subj', '/CN=localhost', '-keyout', 'server.key', '-out', 'server.csr')
  await writeFile(join(folder, 'names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1')
  const sign = ['x509', '-req', '-in', 'server.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial']
  await openssl(...sign, '-days', '2', '-extfile', 'names', '-out', 'server.pem')
}

/** The cookie of a browser that signs in. */
async function signInCookie(url: string, token: string, ca: Buffer): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const headers = { authorization: `Bearer ${token}` }
  const asked = request(`${url}/api/v1/sign-in`, { method: 'POST', ca, headers }, (answer) => {
    answer.resume()
    resolve(answer.headers['set-cookie']?.join() ?? '')
  })
  asked.once('error', reject).end()
  return promise
}

test('TLS: the controller by its flags, agents and people by the authority that they trust, and no others', async () => {
  await using folder = await disposableFolder('doai-tls-')
  await using database = await createTestDatabase()
  const at = (name: string) => join(folder.path, name)
  await certificates(folder.path)
  const tls = ['--tls-cert', at('server.pem'), '--tls-key', at('server.key')]
  const args = ['serve', '--port', '0', '--host', '0.0.0.0', '--data', at('data'), ...tls]
  await using controller = startDoai(args, { DATABASE_URL: database.url })
  const [, port = ''] = await controller.says(/listening on https:\/\/0\.0\.0\.0:(\d+)/)
  const url = `https://127.0.0.1:${port}`
  const token = (await readFile(at('data/admin-token'), 'utf8')).trim()
  expect(await signInCookie(url, token, await readFile(at('ca.pem')))).toMatch(
    new RegExp(`^__Host-doai_token_${port}=[^;]+; Max-Age=\\d+; Path=/; HttpOnly; Secure; SameSite=Strict$`),
  )
  const env = { DOAI_URL: url, DOAI_TOKEN: token, DOAI_CA: at('ca.pem') }
  const made = await doai(['token', 'create', '--role', 'agent', '--workstation', 'WS01'], env)
  expect(made.code).toBe(0)
  const agent = ['agent', '--workstation', 'WS01', '--driver', 'simulated:1', '--controller', url]
  const enrol = { DOAI_AGENT_TOKEN: made.out.trim() }
  {
    await using good = startDoai([...agent, '--ca', at('ca.pem'), '--data', at('agent')], enrol)
    await good.says(/is enrolled with 1 devices/)
  }
  const stranger = await doai(['device', 'list'], { ...env, DOAI_CA: at('other.pem') })
  expect(stranger).toMatchObject({ code: 1, err: expect.stringMatching(/certificate|issuer/i) })
  const plain = await doai(['device', 'list'], { ...env, DOAI_URL: `http://127.0.0.1:${port}` })
  expect(plain.code).toBe(1)
  const missing = await doai(['device', 'list'], { ...env, DOAI_CA: at('none.pem') })
  expect(missing).toMatchObject({ code: 2, err: expect.stringMatching(/none.(pem|key) cannot be read/) })
})

test('beyond loopback without TLS, or with half of it, is refused at the door', async () => {
  const insecure = await doai(['serve', '--host', '0.0.0.0'])
  expect(insecure).toMatchObject({ code: 2, err: expect.stringMatching(/--tls-cert and --tls-key.*or say --insecure/) })
  const half = await doai(['serve', '--tls-cert', 'a.pem'])
  expect(half).toMatchObject({ code: 2, err: expect.stringContaining('go together') })
  const missing = await doai(['serve', '--tls-cert', 'none.pem', '--tls-key', 'none.key'])
  expect(missing).toMatchObject({ code: 2, err: expect.stringMatching(/none.(pem|key) cannot be read/) })
})

test('a data directory that others may write to is believed by no controller and no agent', async () => {
  await using database = await createTestDatabase()
  await using folder = await disposableFolder('doai-planted-')
  await writeFile(join(folder.path, 'admin-token'), 'doai_planted')
  await chmod(folder.path, 0o777)
  const refused = {
    code: 1,
    err: expect.stringMatching(/^Others than its owner may write to .* --data, or .*\(chmod go-w\)\.$/m),
  }
  const serve = ['serve', '--port', '0', '--data', folder.path]
  expect(await doai(serve, { DATABASE_URL: database.url })).toMatchObject(refused)
  expect(await doai(serve, { DATABASE_URL: '' })).toMatchObject(refused)
  const agent = ['agent', '--workstation', 'WS01', '--driver', 'simulated:1', '--data', folder.path]
  expect(await doai(agent, { DOAI_AGENT_TOKEN: 'x' })).toMatchObject(refused)
  expect((await database.pool.query('SELECT FROM tokens')).rowCount).toBe(0)
})

test('a start that fails ends, says why, and leaves nothing running or made', async () => {
  await using database = await createTestDatabase()
  await using folder = await disposableFolder('doai-taken-')
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  const args = ['serve', '--port', String(port), '--data', folder.path]
  const taken = await doai(args, { DATABASE_URL: database.url })
  server.close()
  expect(taken).toMatchObject({ code: 1, err: expect.stringContaining('The port is taken') })
  expect((await database.pool.query('SELECT FROM tokens')).rowCount).toBe(0)
})
