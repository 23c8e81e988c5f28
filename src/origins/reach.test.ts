import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ReachableOrigin } from '../domain/playable-origin.ts'
import { isLoopbackHost, reachOf, refusedAddress } from './reach.ts'

const origin = (over: Partial<ReachableOrigin> = {}): ReachableOrigin => ({
  origin: 'https://cdn.example.com',
  pathPrefix: '',
  allowPrivate: false,
  cmcdMode: 'query',
  ...over,
})
const reach = (url: string, origins: ReachableOrigin[] = [], loopback = false) => reachOf(url, { origins, loopback })

test('loopback only for a video on loopback, under each of its names', () => {
  for (const host of ['localhost', '127.0.0.1', '127.9.9.9', '[::1]', '[::ffff:127.0.0.1]', '2130706433', '0x7f.1']) {
    expect(reach(`http://${host}:8080/a`, [], true)).toEqual({ kind: 'loopback' })
    expect(reach(`http://${host}:8080/a`)).toContain('is on loopback')
  }
  expect(isLoopbackHost('localhost.example.com')).toBe(false)
})

test('an origin is scheme, host and port, all three', () => {
  const verified = [origin()]
  expect(reach('https://cdn.example.com/a/b.m3u8?t=1', verified)).toEqual({ kind: 'public' })
  expect(reach('https://CDN.example.com:443/a', verified)).toEqual({ kind: 'public' })
  for (const url of [
    'http://cdn.example.com/a',
    'https://cdn.example.com:8443/a',
    'https://example.com/',
    'https://cdn.example.com.evil.test/',
  ]) {
    expect(reach(url, verified)).toContain('is not a verified origin')
  }
  expect(reach('https://u:p@cdn.example.com/', verified)).toContain('user name')
  expect(reach('ftp://cdn.example.com/', verified)).toContain('neither http nor https')
  expect(reach('data:text/plain,x', verified)).toContain('neither http nor https')
})

test('a path prefix holds whole segments, and no way out of it', () => {
  const verified = [origin({ pathPrefix: '/team' })]
  for (const path of ['/team', '/team/', '/team/a/b.m4s', '/team/../team/a']) {
    expect(reach(`https://cdn.example.com${path}`, verified)).toEqual({ kind: 'public' })
  }
  for (const path of [
    '/',
    '/teams/a',
    '/team/../other',
    '/team/%2e%2e/other',
    '/team/..%2fother',
    '/team/%5c..%5cother',
    '/team//../../x',
    '/team/..;/x',
  ]) {
    expect(reach(`https://cdn.example.com${path}`, verified)).toContain('outside the verified path')
  }
})

test.each([
  ['93.184.216.34', null, null],
  ['2606:4700::1111', null, null],
  ['10.1.2.3', 'private', null],
  ['192.168.0.9', 'private', null],
  ['fd00::1', 'private', null],
  ['100.64.0.1', 'private', null],
  ['127.0.0.1', 'loopback', 'loopback'],
  ['::ffff:10.0.0.1', 'private', null],
  ['169.254.169.254', 'linkLocal', 'linkLocal'],
  ['fe80::1', 'linkLocal', 'linkLocal'],
  ['0.0.0.0', 'unspecified', 'unspecified'],
  ['224.0.0.1', 'multicast', 'multicast'],
  ['255.255.255.255', 'broadcast', 'broadcast'],
])('%s for a public origin: %s; for one that allows private addresses: %s', (address, forPublic, forPrivate) => {
  const expected = (word: string | null) => (word === null ? null : expect.stringContaining(word))
  expect(refusedAddress(address, { kind: 'public' })).toEqual(expected(forPublic))
  expect(refusedAddress(address, { kind: 'private' })).toEqual(expected(forPrivate))
})

test('nothing is reached that no verified origin holds', () => {
  const hosts = fc.oneof(fc.domain(), fc.ipV4(), fc.webAuthority())
  fc.assert(
    fc.property(hosts, fc.webPath(), (host, path) => {
      const said = reach(`https://${host}${path}`, [origin({ pathPrefix: '/team' })])
      expect(
        typeof said === 'string' || (new URL(`https://${host}`).host === 'cdn.example.com' && path.startsWith('/team')),
      ).toBe(true)
    }),
  )
})
