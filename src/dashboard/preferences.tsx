import { createContext, type ReactNode, use, useEffect, useState } from 'react'
import { en, type Words } from './words/words-en.ts'
import { ko } from './words/words-ko.ts'

export const LANGUAGES = { en: 'English', ko: '한국어' } as const
export type Language = keyof typeof LANGUAGES
export const THEMES = ['system', 'light', 'dark'] as const
type Theme = (typeof THEMES)[number]

const WORDS: Record<Language, Words> = { en, ko }

type Preferences = {
  language: Language
  theme: Theme
  words: Words
  setLanguage: (language: Language) => void
  setTheme: (theme: Theme) => void
}

const Context = createContext<Preferences | null>(null)

/** What this browser's user prefers: kept in it, and from its own languages at first. */
export function PreferencesProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useKept('doai.language', ['en', 'ko'] as const, browserLanguage())
  const [theme, setTheme] = useKept('doai.theme', THEMES, 'system')
  const words = WORDS[language]
  useEffect(() => {
    document.documentElement.lang = language
    document.documentElement.dataset.theme = theme
  }, [language, theme])
  return <Context value={{ language, theme, words, setLanguage, setTheme }}>{children}</Context>
}

export function usePreferences(): Preferences {
  const preferences = use(Context)
  if (preferences === null) throw new Error('There is no PreferencesProvider around this.')
  return preferences
}

export function useWords(): Words {
  return usePreferences().words
}

function browserLanguage(): Language {
  return navigator.languages.find((tag) => /^(en|ko)\b/.test(tag))?.startsWith('ko') ? 'ko' : 'en'
}

function useKept<T extends string>(key: string, known: readonly T[], first: T): [T, (value: T) => void] {
  const [value, setValue] = useState<T>(() => {
    const kept = localStorage.getItem(key)
    return known.find((one) => one === kept) ?? first
  })
  const keep = (next: T) => {
    localStorage.setItem(key, next)
    setValue(next)
  }
  return [value, keep]
}
