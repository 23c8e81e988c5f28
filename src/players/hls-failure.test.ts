import { expect, test } from 'vitest'
import { hlsFailure } from './hls-failure.ts'

const url = 'https://media.example.com/a.m4s?token=secret'

test.each([
  ['networkError', 'fragLoadError', { url, response: { code: 404 } }, 'content', true, 'http_404'],
  ['networkError', 'fragLoadError', { frag: { url }, response: { code: 503 } }, 'content', false, 'http_503'],
  ['networkError', 'manifestLoadError', { url, response: { code: 429 } }, 'content', false, 'http_429'],
  ['networkError', 'levelLoadError', { url, response: { code: 0 } }, 'content', false, 'transfer'],
  ['networkError', 'levelLoadTimeOut', { url }, 'content', false, 'timeout'],
  ['networkError', 'keyLoadTimeOut', { url }, 'content', false, 'timeout'],
  ['networkError', 'manifestParsingError', { url, reason: 'no EXTM3U delimiter' }, 'content', true, 'manifest'],
  ['networkError', 'levelEmptyError', { url, reason: `No fragments in ${url}` }, 'content', true, 'manifest'],
  ['mediaError', 'manifestIncompatibleCodecsError', {}, 'unsupported', true, 'codec'],
  ['keySystemError', 'keySystemNoAccess', {}, 'unsupported', true, 'drm'],
  ['mediaError', 'fragParsingError', { reason: `broken: ${url}` }, 'content', false, 'container'],
  ['mediaError', 'bufferAppendError', {}, 'player', false, 'hls_bufferAppendError'],
  ['otherError', 'internalException', {}, 'player', false, 'hls_internalException'],
] as const)('%s %s %j is %s', (type, details, more, kind, permanent, code) => {
  const failure = hlsFailure({ type, details, fatal: true, ...more })
  expect(failure).toMatchObject({ kind, permanent, code })
  expect(failure.message).not.toContain('secret')
})
