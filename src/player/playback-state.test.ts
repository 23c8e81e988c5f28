import { expect, test } from 'vitest'
import { AT_START, stateOf } from './playback-state.ts'

const PLAYING = { ...AT_START, shown: true }

test('start-up and seeks are no stalls, whatever is missing while they last', () => {
  expect(stateOf({ ...AT_START, starved: true })).toBe('starting')
  expect(stateOf({ ...PLAYING, seeking: true, starved: true })).toBe('seeking')
  expect(stateOf({ ...PLAYING, starved: true })).toBe('rebuffering')
  expect(stateOf(PLAYING)).toBe('playing')
})

test('a pause hides what happens behind it, and an end everything', () => {
  expect(stateOf({ ...PLAYING, paused: true, starved: true, seeking: true })).toBe('paused')
  expect(stateOf({ ...PLAYING, ended: true, paused: true, starved: true })).toBe('ended')
  expect(stateOf({ ...AT_START, paused: true })).toBe('starting')
})
