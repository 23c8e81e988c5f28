import { expect, test } from 'vitest'
import { cmcdModeOf, withCmcd } from './cmcd.ts'

const session = { sessionId: 's-1', contentId: 'v-1' }

test('query mode says session, content, object and test', () => {
  const { url, headers } = withCmcd('https://a.example/x.m4s?k=1', 'query', session, {
    objectType: 'v',
    bitrateKbps: 800,
    objectMs: 2000,
    bufferMs: 4321,
    throughputKbps: 1234,
    format: 'hls',
    live: false,
    startup: true,
  })
  const cmcd = new URL(url).searchParams.get('CMCD')
  expect(new URL(url).searchParams.get('k')).toBe('1')
  expect(headers).toEqual({})
  expect(cmcd?.split(',').sort()).toEqual(
    [
      'bl=4300',
      'br=800',
      'cid="v-1"',
      'd=2000',
      'me.doai-synthetic="test"',
      'mtp=1200',
      'ot=v',
      'sf=h',
      'sid="s-1"',
      'st=v',
      'su',
    ].sort(),
  )
})

test('header mode leaves the url alone', () => {
  const { url, headers } = withCmcd('https://a.example/x.m4s?sig=1', 'header', session, { objectType: 'm' })
  expect(url).toBe('https://a.example/x.m4s?sig=1')
  expect(Object.values(headers).join(',')).toContain('me.doai-synthetic="test"')
})

test('the longest prefix decides the mode', () => {
  const base = { origin: 'https://a.example', allowPrivate: false }
  const origins = [
    { ...base, pathPrefix: '', cmcdMode: 'query' as const },
    { ...base, pathPrefix: '/signed', cmcdMode: 'header' as const },
  ]
  expect(cmcdModeOf('https://a.example/signed/x.mpd', origins)).toBe('header')
  expect(cmcdModeOf('https://a.example/signedx.mpd', origins)).toBe('query')
})
