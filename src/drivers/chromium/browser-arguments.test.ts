import { chromium } from 'playwright-core'
import { expect, test } from 'vitest'
import { BROWSER_ARGUMENTS } from './browser-arguments.ts'

const SWITCH = /--disable-features=(\S+)/

test('nothing that playwright turns off is turned on again', async () => {
  // What is no browser ends at once, and the error says how it was started.
  const said = await chromium.launch({ executablePath: process.execPath }).catch((error: Error) => error.message)
  const [, theirs = ''] = String(said).match(SWITCH) ?? []
  const [, ours = ''] = BROWSER_ARGUMENTS.join(' ').match(SWITCH) ?? []
  expect(theirs.split(',').length).toBeGreaterThan(10)
  expect(ours.split(',')).toEqual(expect.arrayContaining(theirs.split(',')))
})
