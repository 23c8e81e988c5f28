import fc from 'fast-check'
import { expect, test } from 'vitest'
import { advance, type Playhead, seek, setPaused, startPlayhead } from './playhead.ts'

const available = (bufferedEndSeconds: number) => ({ bufferedEndSeconds, durationSeconds: 60 })
const playing: Playhead = { atMs: 1_000, positionSeconds: 0, activity: 'playing', paused: false }

test('starts with the first media, and stalls at the instant the buffer ends however late it is told', () => {
  expect(advance(startPlayhead(0), 700, available(0)).entered).toEqual([])
  expect(advance(startPlayhead(0), 700, available(2)).entered).toEqual([{ atMs: 700, state: 'playing' }])
  const late = advance(playing, 9_000, available(4))
  expect(late.entered).toEqual([{ atMs: 5_000, state: 'rebuffering' }])
  expect(late.playhead).toMatchObject({ atMs: 9_000, positionSeconds: 4 })
})

test('pausing stops the position; a seek into the buffer plays on at once', () => {
  const { playhead } = setPaused(playing, true)
  expect(advance(playhead, 9_000, available(4)).playhead.positionSeconds).toBe(0)
  expect(seek(playing, 3, available(4)).entered.map((entry) => entry.state)).toEqual(['seeking', 'playing'])
  expect(seek(playing, 30, available(30)).entered.map((entry) => entry.state)).toEqual(['seeking'])
})

test('in how many steps time passes makes no difference', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 3_000 }), { minLength: 1 }), fc.nat(60), (steps, buffered) => {
      let playhead = playing
      const entered = []
      for (const step of steps) {
        const moved = advance(playhead, playhead.atMs + step, available(buffered))
        playhead = moved.playhead
        entered.push(...moved.entered)
      }
      const once = advance(playing, playhead.atMs, available(buffered))
      expect(playhead.positionSeconds).toBeCloseTo(once.playhead.positionSeconds, 6)
      expect(playhead.activity).toBe(once.playhead.activity)
      expect(entered.map((entry) => [entry.state, Math.round(entry.atMs)])).toEqual(
        once.entered.map((entry) => [entry.state, Math.round(entry.atMs)]),
      )
    }),
  )
})
