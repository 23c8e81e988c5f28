import { expect, test } from 'vitest'
import { shakaFailure } from './shaka-failure.ts'

const URL_WITH_SECRET = 'https://media.example.com/a.m4s?token=secret'

test.each([
  ['a missing segment', { category: 1, code: 1001, data: [URL_WITH_SECRET, 404] }, 'content', true, 'http_404'],
  ['a server in trouble', { category: 1, code: 1001, data: [URL_WITH_SECRET, 503] }, 'content', false, 'http_503'],
  ['too many requests', { category: 1, code: 1001, data: [URL_WITH_SECRET, 429] }, 'content', false, 'http_429'],
  ['a connection that broke', { category: 1, code: 1002, data: [URL_WITH_SECRET] }, 'content', false, 'transfer'],
  ['no answer in time', { category: 1, code: 1003, data: [URL_WITH_SECRET] }, 'content', false, 'timeout'],
  ['a manifest that is none', { category: 4, code: 4000, data: [] }, 'content', true, 'manifest'],
  ['no codec of it', { category: 4, code: 4032, data: [] }, 'unsupported', true, 'codec'],
  ['a licence that is not had', { category: 6, code: 6001, data: [] }, 'unsupported', true, 'drm'],
  ['a container that is broken', { category: 3, code: 3000, data: [] }, 'content', false, 'container'],
  [
    'what a browser cannot append',
    { category: 3, code: 3014, data: [{ code: 3, message: 'CHUNK_DEMUXER_ERROR_APPEND_FAILED: no audio' }] },
    ...(['content', false, 'container'] as const),
  ],
  [
    'a file in a container that is not read',
    { category: 3, code: 3016, data: [4, 0, 'UNSUPPORTED_CONTAINER: the file is no MP4'] },
    ...(['unsupported', true, 'container'] as const),
  ],
  [
    'a file of no codec that is decoded',
    { category: 3, code: 3016, data: [4, 0, 'DEMUXER_ERROR_NO_SUPPORTED_STREAMS: FFmpegDemuxer'] },
    ...(['unsupported', true, 'codec'] as const),
  ],
  [
    'a file that broke off',
    { category: 3, code: 3016, data: [2, 0, 'PIPELINE_ERROR_READ: FFmpegDemuxer: data source error'] },
    ...(['content', false, 'transfer'] as const),
  ],
  ['a decoder that gave up', { category: 3, code: 3016, data: [] }, 'player', false, 'shaka_3016'],
  ['a player that is broken', { category: 7, code: 7000, data: [] }, 'player', false, 'shaka_7000'],
] as const)('%s', (_, error, kind, permanent, code) => {
  const failure = shakaFailure({ ...error, data: [...error.data] })
  expect(failure).toMatchObject({ kind, permanent, code })
  expect(failure.message).not.toContain('secret')
})
