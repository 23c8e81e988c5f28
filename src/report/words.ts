import { en, type Words } from './words-en.ts'
import { ko } from './words-ko.ts'

export type Language = 'en' | 'ko'
export const LANGUAGES = ['en', 'ko'] as const satisfies readonly Language[]

const WORDS: Readonly<Record<Language, Words>> = { en, ko }

/** What reports say, in a language. */
export function wordsOf(language: Language): Words {
  return WORDS[language]
}
