import type { Page } from 'playwright-core'
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
