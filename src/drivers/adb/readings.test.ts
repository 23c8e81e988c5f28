import { expect, test } from 'vitest'
import { hasNetwork, isAwake, isLocked, readBattery, readScreen } from './readings.ts'

test('a battery: its level over its scale, its temperature in tenths; what is not there is not guessed', () => {
  const text = 'Current Battery Service state:\n  USB powered: true\n  level: 43\n  scale: 50\n  temperature: 315\n'
  expect(readBattery(text)).toEqual({ percent: 86, temperatureC: 31.5 })
  expect(readBattery('level: 20')).toEqual({ percent: 20, temperatureC: null })
  expect(readBattery('  level: 120\n  temperature: -35\n')).toEqual({ percent: 100, temperatureC: -3.5 })
  expect(readBattery("Can't find service: battery")).toEqual({ percent: null, temperatureC: null })
})

test('no network is what says so, and nothing else', () => {
  expect(hasNetwork('NetworkProviders for: a\n\nActive default network: none\n')).toBe(false)
  expect(hasNetwork('Active default network: 101\n')).toBe(true)
  expect(hasNetwork('')).toBe(true)
})

test('a keyguard, by the names that it had over the years', () => {
  expect(isLocked('KeyguardServiceDelegate\n  showing=true\n')).toBe(true)
  expect(isLocked('    mIsShowing=true\n')).toBe(true)
  expect(isLocked('  showing=false\n  mShowingDream=true\n')).toBe(false)
})

test('a screen', () => {
  expect(isAwake('  mWakefulness=Awake\n')).toBe(true)
  expect(isAwake('  mWakefulness=Dozing\n  mWakefulnessChanging=true\n')).toBe(false)
  expect(readScreen('Physical size: 1080x2400')).toBe('1080x2400')
  expect(readScreen('Physical size: 1080x2400\nOverride size: 720x1600')).toBe('720x1600')
  expect(readScreen('')).toBeNull()
})

test('what a phone prints may be empty lines without end', () => {
  const lines = '\n'.repeat(200_000)
  expect([hasNetwork(lines), isLocked(lines), readBattery(lines).percent]).toEqual([true, false, null])
  expect(hasNetwork(`${lines} Active default network: none\r\n`)).toBe(false)
})
