import { expect, test } from 'vitest'
import { startController } from '../../src/bin/controller.ts'
import { createTestDatabase } from '../support/database.ts'
import { disposableFolder } from '../support/temporary-folder.ts'

async function controllerThat(stack: AsyncDisposableStack, trust: { trustsProxy?: boolean }) {
  const { path: dataDir } = stack.use(await disposableFolder('doai-cookie-'))
  const { url: databaseUrl } = stack.use(await createTestDatabase())
  const onError = (error: unknown) => console.error(error)
  const at = { dataDir, host: '127.0.0.1', port: 0, databaseUrl, version: '0.0.0', onError, ...trust }
  const { url, adminToken } = stack.use(await startController(at))
  const ask = (method: string, path: string, headers: Record<string, string>) =>
    fetch(`${url}/api/v1${path}`, { method, headers })
  const signIn = async (headers: Record<string, string> = {}) => {
    const signed = await ask('POST', '/sign-in', { authorization: `Bearer ${adminToken}`, ...headers })
    return signed.headers.get('set-cookie') ?? ''
  }
  const cookieFrom = (setCookie: string) => setCookie.split(';')[0] ?? ''
  /** The address that the log has of a refused sign-in. */
  const loggedAddress = async (headers: Record<string, string>) => {
    await ask('GET', '/devices', { authorization: 'Bearer doai_refused', ...headers })
    const audit = await ask('GET', '/audit?limit=1', { authorization: `Bearer ${adminToken}` })
    return ((await audit.json()) as { items: { address: string }[] }).items[0]?.address
  }
  return { port: new URL(url).port, ask, signIn, cookieFrom, loggedAddress }
}

test('without TLS the cookie is of one port’s name; what anybody sends of a proxy is not believed', async () => {
  await using stack = new AsyncDisposableStack()
  const { port, ask, signIn, cookieFrom, loggedAddress } = await controllerThat(stack, {})
  const plain = await signIn()
  expect(plain).toMatch(new RegExp(`^doai_token_${port}=[^;]+; Max-Age=\\d+; Path=/; HttpOnly; SameSite=Strict$`))
  expect(cookieFrom(await signIn({ 'x-forwarded-proto': 'https' }))).toBe(cookieFrom(plain))
  expect((await ask('GET', '/devices', { cookie: cookieFrom(plain) })).status).toBe(200)
  // One that a page of another host or port planted has another name.
  const planted = cookieFrom(plain).replace(`_${port}`, '')
  expect((await ask('GET', '/devices', { cookie: planted })).status).toBe(401)
  expect(await loggedAddress({ 'x-forwarded-for': '192.0.2.7' })).toBe('127.0.0.1')
})

test('behind a TLS proxy that is trusted the cookie is the host’s own and for TLS alone, and the log has the client', async () => {
  await using stack = new AsyncDisposableStack()
  const { port, ask, signIn, cookieFrom, loggedAddress } = await controllerThat(stack, { trustsProxy: true })
  const overTls = { 'x-forwarded-proto': 'https' }
  const secure = await signIn(overTls)
  expect(secure).toMatch(
    new RegExp(`^__Host-doai_token_${port}=[^;]+; Max-Age=\\d+; Path=/; HttpOnly; Secure; SameSite=Strict$`),
  )
  expect((await ask('GET', '/devices', { cookie: cookieFrom(secure), ...overTls })).status).toBe(200)
  // Without the prefix any page of the host’s domain could have set it.
  const planted = cookieFrom(secure).replace('__Host-', '')
  expect((await ask('GET', '/devices', { cookie: planted, ...overTls })).status).toBe(401)
  expect(await signIn({ 'x-forwarded-proto': 'https, http' })).not.toContain('Secure')
  expect(
    (
      await ask('DELETE', '/sign-in', { cookie: cookieFrom(secure), origin: `http://127.0.0.1:${port}`, ...overTls })
    ).headers.get('set-cookie'),
  ).toMatch(/^__Host-doai_token_\d+=; Max-Age=0; Path=\/; HttpOnly; Secure/)
  // The proxy’s own entry is the last: what stands before it anybody can send.
  expect(await loggedAddress({ 'x-forwarded-for': '198.51.100.1, 192.0.2.7' })).toBe('192.0.2.7')
  expect(await loggedAddress({ 'x-forwarded-for': 'nonsense' })).toBe('127.0.0.1')
})
