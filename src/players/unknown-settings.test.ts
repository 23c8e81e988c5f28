import { expect, test } from 'vitest'
import { unknownSettings } from './unknown-settings.ts'

const DEFAULTS = { abr: { enabled: true, limits: { most: 1 } }, drm: { servers: {} }, level: undefined, list: [1] }

test.each([
  [{}, []],
  [{ abr: { enabled: false, limits: { most: 2 } } }, []],
  [{ abr: { enabld: false } }, ['abr.enabld']],
  [{ abr: { limits: { least: 1 } }, other: 1 }, ['abr.limits.least', 'other']],
  // What is empty as it is shipped is for keys of one's own.
  [{ drm: { servers: { 'org.w3.clearkey': 'https://keys.example.com' } } }, []],
  [{ level: 3, list: [2, 3] }, []],
  [{ toString: 1, constructor: 1 }, ['toString', 'constructor']],
  // A wrong type is the player's to judge.
  [{ abr: 3 }, []],
] as const)('of %j unknown: %j', (config, unknown) => {
  expect(unknownSettings(config, DEFAULTS)).toEqual(unknown)
})
