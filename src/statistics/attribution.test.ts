import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { expect, test } from 'vitest'
import { type AttributedSession, type Door, attribute as ofSessions, Sessions } from './attribution.ts'

type Design = {
  devices: number
  videos: number
  alternates: boolean
  seed: number
  noise?: (random: () => number) => number
}
type Played = AttributedSession
type Valued = Played & { value: number }

function attribute(played: readonly Valued[], worse: 'higher' | 'lower'): Door[] {
  return ofSessions(
    new Sessions(played),
    played.map(({ value }) => value),
    worse,
  )
}

/** A night of so many devices in two groups; `harm` is what a session is worse by. */
function night({ devices, videos, alternates, seed, noise = skewed }: Design, harm: (played: Played) => number) {
  const generator = xoroshiro128plus(seed)
  const random = () => uniformFloat64(generator)
  return Array.from({ length: videos * devices }, (_, at): Valued => {
    const [cycle, device] = [Math.floor(at / devices), at % devices]
    const first = device % 2 === 0
    const position = first === (alternates && cycle % 2 === 1) ? '2' : '1'
    const played = {
      video: `v${cycle}`,
      device: `d${device}`,
      hour: String(Math.floor(cycle / 6)),
      position,
      attributes: {
        group: first ? 'A' : 'B',
        ap: device % 4 < 2 ? 'west' : 'east',
        workstation: `WS0${device % 5}`,
        model: 'one',
      },
    }
    return { ...played, value: noise(random) + harm(played) }
  })
}

/** As rebuffer ratios are: nine of ten are nothing. */
function skewed(random: () => number): number {
  return random() < 0.9 ? 0 : random() * 0.05
}

const LAB = { devices: 40, videos: 12, alternates: true, seed: 1 }

test('a bad video is laid at the video', () => {
  const doors = attribute(
    night(LAB, ({ video }) => (video === 'v3' ? 0.1 : 0)),
    'higher',
  )
  expect(doors[0]).toMatchObject({ door: 'video', level: 'v3', standsOut: true, aliasedWith: [] })
  expect(doors.filter(({ standsOut }) => standsOut)).toHaveLength(1)
})

test('a bad path is laid at what its devices share, and not at the video', () => {
  const doors = attribute(
    night(LAB, ({ attributes }) => (attributes.ap === 'west' ? 0.1 : 0)),
    'higher',
  )
  expect(doors[0]).toMatchObject({ door: 'device', attribute: 'ap', level: 'west', standsOut: true })
  expect(doors.filter(({ standsOut }) => standsOut)).toHaveLength(1)
})

test('one bad device is laid at the device', () => {
  const doors = attribute(
    night(LAB, ({ device }) => (device === 'd7' ? 0.3 : 0)),
    'higher',
  )
  expect(doors[0]).toMatchObject({ door: 'device', attribute: 'device', level: 'd7', standsOut: true })
})

test('the time is laid at the time, where groups alternate', () => {
  const doors = attribute(
    night(LAB, ({ position }) => (position === '2' ? 0.1 : 0)),
    'higher',
  )
  expect(doors[0]).toMatchObject({ door: 'hour', attribute: 'position', level: '2', standsOut: true })
})

test('where a group is always first, group and time cannot be told apart, and both are said', () => {
  const harm = ({ attributes }: Played) => (attributes.group === 'A' ? 0.1 : 0)
  const doors = attribute(night({ ...LAB, alternates: false }, harm), 'higher')
  expect(doors.filter(({ standsOut }) => standsOut).map(({ door, aliasedWith }) => [door, aliasedWith])).toEqual([
    ['device', ['position']],
    ['hour', ['group']],
  ])
})

test('four devices and four videos are enough for what is gross', () => {
  const small = { devices: 4, videos: 4, alternates: true, seed: 3 }
  const path = attribute(
    night(small, ({ attributes }) => (attributes.group === 'A' ? 0.3 : 0)),
    'higher',
  )
  expect(path[0]).toMatchObject({ door: 'device', attribute: 'group', level: 'A', standsOut: true })
  expect(path.filter(({ standsOut }) => standsOut)).toHaveLength(1)
  const video = attribute(
    night(small, (played) => (played.video === 'v1' ? 0.3 : 0)),
    'higher',
  )
  expect(video[0]).toMatchObject({ door: 'video', level: 'v1', standsOut: true })
  expect(video.filter(({ standsOut }) => standsOut)).toHaveLength(1)
})

test('where nothing is wrong, something stands out in at most one night of ten', () => {
  const wrong = Array.from({ length: 200 }, (_, seed) =>
    attribute(
      night({ ...LAB, seed }, () => 0),
      'higher',
    ),
  )
  expect(wrong.filter((doors) => doors.some(({ standsOut }) => standsOut)).length).toBeLessThanOrEqual(20)
})

test('a figure of which less is worse is laid at where it is least', () => {
  const doors = attribute(
    night(LAB, ({ video }) => (video === 'v5' ? -1 : 0)),
    'lower',
  )
  expect(doors[0]).toMatchObject({ door: 'video', level: 'v5', standsOut: true })
})

test('of no session, one session, or equal values nothing is said', () => {
  expect(attribute([], 'higher')).toEqual([])
  expect(attribute(night(LAB, () => 0).slice(0, 1), 'higher')).toEqual([])
  const equal = night({ ...LAB, noise: () => 0 }, () => 0)
  expect(attribute(equal, 'higher').some(({ standsOut }) => standsOut)).toBe(false)
})
