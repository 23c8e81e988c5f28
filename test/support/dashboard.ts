import type { Page } from 'playwright-core'
import { expect, inject } from 'vitest'
import { en } from '../../src/dashboard/words/words-en.ts'
import { ko } from '../../src/dashboard/words/words-ko.ts'

export const WORDS = { en, ko }

/** Signs in with a token, in the language that the window speaks. */
export async function signIn(page: Page, url: string, token: string, words = en): Promise<void> {
  await page.goto(url)
  await page.getByLabel(words.signIn.token).fill(token)
  await page.getByRole('button', { name: words.signIn.button }).click()
  await page.getByRole('navigation', { name: words.nav.label }).waitFor()
}

/** Follows a link within the page, which loads nothing anew. */
export async function goWithin(page: Page, path: string): Promise<void> {
  await page.evaluate(`self.__TSR_ROUTER__.navigate({ href: ${JSON.stringify(path)} })`)
}

/** Opens a view: by its address in the long form, as a link from elsewhere does; else within the page. */
export async function openView(page: Page, url: string, path: string): Promise<void> {
  if (inject('long')) await page.goto(`${url}${path}`)
  else await goWithin(page, path)
}

/** Waits until a view is drawn with what it shows. */
export async function settled(page: Page): Promise<void> {
  await page.getByRole('heading', { level: 1 }).waitFor()
  await expect.poll(() => page.locator('.loading').count()).toBe(0)
}
