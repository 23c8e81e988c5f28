import { plain } from './shown-text.ts'

/** A piece of HTML or SVG, of which whatever came from data is escaped. */
export type Markup = { readonly markup: string }

type Inserted = Markup | string | number | null | readonly Markup[]

/**
 * Markup from a template: strings that are put in are escaped, markup is not; null is nothing.
 * Values of attributes must be quoted in the template.
 */
export function html(template: TemplateStringsArray, ...inserted: readonly Inserted[]): Markup {
  const parts = template.map((part, at) => part + (at < inserted.length ? textOf(inserted[at] ?? null) : ''))
  return { markup: parts.join('') }
}

function textOf(value: Inserted): string {
  if (value === null) return ''
  if (typeof value === 'number') return String(Math.round(value * 100) / 100)
  if (typeof value === 'string') return escaped(value)
  return 'markup' in value ? value.markup : value.map(({ markup }) => markup).join('')
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Without control characters, lone surrogates, and what HTML and XML read as markup. */
function escaped(text: string): string {
  return plain(text)
    .replace(/[\ufffe\uffff]/g, '')
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
}
