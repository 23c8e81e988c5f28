import { COLOURS, DRAWING_STYLE } from './drawing.ts'

/** The whole style of a report as HTML: no font, image or script is fetched. */
export const PAGE_STYLE = `${COLOURS}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); line-height: 1.5;
  font: 15px/1.5 system-ui, "Apple SD Gothic Neo", "Noto Sans KR", "Malgun Gothic", sans-serif; }
:lang(ko) { word-break: keep-all; }
main, footer { max-width: 1160px; margin: 0 auto; padding: 24px 20px; overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 12px; } h2 { font-size: 1.2rem; margin: 0 0 10px; }
section { margin-top: 36px; padding-top: 20px; border-top: 1px solid var(--line); }
a { color: var(--mark); } a:focus-visible, [tabindex]:focus-visible { outline: 3px solid var(--mark); outline-offset: 2px; }
.verdict { border-left: 5px solid var(--outline); background: var(--panel); padding: 12px 16px; margin: 0 0 12px; font-size: 1.08rem; font-weight: 600; }
.verdict.good { border-color: var(--good); } .verdict.bad { border-color: var(--bad); } .verdict.warn { border-color: var(--warn); }
.note, .times, footer { color: var(--muted); font-size: .87rem; margin: 8px 0 0; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(168px, 1fr)); gap: 12px; margin: 18px 0 0; }
.figures div { background: var(--panel); padding: 10px 14px; border-radius: 6px; }
.figures dt { color: var(--muted); font-size: .82rem; } .figures dd { margin: 2px 0 0; font-weight: 600; font-variant-numeric: tabular-nums; }
nav ul { display: flex; flex-wrap: wrap; gap: 4px 18px; list-style: none; margin: 18px 0 0; padding: 0; font-size: .92rem; }
.scroll { overflow-x: auto; margin-top: 12px; }
table { border-collapse: collapse; width: 100%; font-size: .88rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: 0 0 6px; }
th, td { padding: 6px 12px 6px 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--grid); white-space: nowrap; overflow-wrap: normal; }
thead th { color: var(--muted); font-weight: 600; vertical-align: bottom; border-color: var(--line); }
thead th.wraps { white-space: normal; min-width: 7.5em; }
tbody th { font-weight: 500; }
td.long, th.long { white-space: normal; min-width: 18em; overflow-wrap: anywhere; }
.right { text-align: right; } .right { padding-left: 8px; } .right + :not(.right) { padding-left: 12px; }
td > svg { display: block; width: 100%; min-width: 64px; height: 5px; margin-top: 3px; }
.good-text { color: var(--good); font-weight: 600; } .bad-text { color: var(--bad); font-weight: 600; } .warn-text { color: var(--warn); font-weight: 600; }
.about { font-weight: 600; } .lines p { margin: 0 0 6px; max-width: 80ch; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(290px, 1fr)); gap: 22px; }
figure { margin: 0; } figcaption { font-weight: 600; font-size: .92rem; margin-bottom: 4px; }
svg.plot { display: block; max-width: 100%; height: auto; } svg.wide { max-width: none; min-width: 860px; width: 100%; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 18px; margin: 6px 0 0; font-size: .87rem; color: var(--muted); }
@media (max-width: 600px) { main, footer { padding: 16px 14px; } h1 { font-size: 1.35rem; } }
@media print { .scroll { overflow: visible; } nav { display: none; } section { break-inside: auto; } }${DRAWING_STYLE}
`
