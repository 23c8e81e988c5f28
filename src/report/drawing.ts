import { html, type Markup } from './markup.ts'

/** The colours of all that is drawn or written; every one is AA on its background (WCAG 2.2, 1.4.3 and 1.4.11). */
export const COLOURS = `
:root { color-scheme: light dark;
  --paper: #ffffff; --panel: #f5f7f9; --ink: #1b2026; --muted: #525c68; --line: #c9d1d9; --grid: #e3e8ed;
  --mark: #0b62c4; --outline: #5f6b78; --good: #12702f; --bad: #b3261e; --warn: #855300; --tint: #cfe1f7; --amber: #b07400; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #11161c; --panel: #1a2129; --ink: #e8edf2; --muted: #a3afbc; --line: #3a4551; --grid: #262f39;
  --mark: #6cb2ff; --outline: #93a1b0; --good: #63d58a; --bad: #ff9187; --warn: #eab54f; --tint: #1f4470; --amber: #eab54f; } }`

/** The classes of drawings. */
export const DRAWING_STYLE = `
svg { font: 12px system-ui, "Apple SD Gothic Neo", "Noto Sans KR", "Malgun Gothic", sans-serif; }
svg text { fill: var(--muted); } svg .strong { fill: var(--ink); font-weight: 600; }
svg .end { text-anchor: end; } svg .middle { text-anchor: middle; }
svg .grid { stroke: var(--grid); stroke-width: 1; } svg .axis { stroke: var(--line); stroke-width: 1; }
svg .curve { fill: none; stroke: var(--mark); stroke-width: 2; stroke-linejoin: round; }
svg .dot { fill: var(--mark); stroke: var(--paper); stroke-width: 1.5; }
svg .plan { fill: none; stroke: var(--outline); stroke-width: 1; }
svg .bar { fill: var(--mark); } svg .stopped { fill: var(--outline); } svg .bad { fill: var(--bad); } svg .warn { fill: var(--amber); }
svg .bar-text { fill: var(--paper); font-weight: 600; }
svg .track { fill: var(--tint); } svg .band { fill: var(--panel); }
svg .hatch { stroke: var(--amber); stroke-width: 2; }`

/**
 * A drawing that a screen reader has a name and a description of.
 *
 * @param options.id of no other drawing in the same document
 */
export function drawing(
  options: { id: string; width: number; height: number; title: string; description: string; className: string },
  content: readonly Markup[],
): Markup {
  const { id, width, height, title, description, className } = options
  return html`<svg xmlns="http://www.w3.org/2000/svg" class="${className}" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="${id}-title ${id}-desc"><title id="${id}-title">${title}</title><desc id="${id}-desc">${description}</desc>${content}</svg>`
}

export function line(className: string, x1: number, y1: number, x2: number, y2: number): Markup {
  return html`<line class="${className}" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}"/>`
}

export function text(className: string, x: number, y: number, said: string): Markup {
  return html`<text class="${className}" x="${x}" y="${y}">${said}</text>`
}

export function rectangle(className: string, x: number, y: number, width: number, height: number): Markup {
  return html`<rect class="${className}" x="${x}" y="${y}" width="${width}" height="${height}" rx="${Math.min(2, width / 4)}"/>`
}
