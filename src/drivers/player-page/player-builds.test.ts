import { expect, test } from 'vitest'
import type { PlayerChoice } from '../../domain/player-choice.ts'
import { playerBuild, playerDigest } from './player-builds.ts'

const BUILDS = { shaka: playerBuild('shaka()'), 'hls.js': playerBuild('hls()') }
const digest = (choice: PlayerChoice, builds = BUILDS) => playerDigest(builds, choice)

test('a digest names a build with its settings, whatever the order of their names', () => {
  const config = { abr: { enabled: false, defaultBandwidthEstimate: 1 }, list: [1, 2] }
  const other = { list: [1, 2], abr: { defaultBandwidthEstimate: 1, enabled: false } }
  const own = digest({ name: 'shaka', config })
  expect(own).toMatch(/^[0-9a-f]{12}$/)
  expect(digest({ name: 'shaka', config: other })).toBe(own)
  const differ = [
    digest({ name: 'hls.js', config }),
    digest({ name: 'shaka', config: {} }),
    digest({ name: 'shaka', config: { ...config, list: [2, 1] } }),
    digest({ name: 'shaka', config }, { ...BUILDS, shaka: playerBuild('shaka() ') }),
  ]
  expect(new Set([own, ...differ]).size).toBe(5)
})
