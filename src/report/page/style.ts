/** The page's own style sheet. Colours: Okabe and Ito's set for all kinds of colour vision, adjusted to each background. */
export const pageStyle = `
:root {
  color-scheme: light dark;
  --paper: #fbfaf8; --card: #ffffff; --ink: #1d1c1a; --muted: #67635c; --rule: #e3dfd7; --grid: #ece9e3; --link: #0b5cad;
  --run-0: #0072b2; --run-1: #d55e00; --run-2: #008a64; --run-3: #b8860b;
  --run-4: #b0508a; --run-5: #3d9bd6; --run-6: #55524c; --run-7: #7a5c3e;
  font: 16px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  background: var(--paper); color: var(--ink);
  -webkit-text-size-adjust: 100%;
}
@media (prefers-color-scheme: dark) {
  :root:not([data-print]) {
    --paper: #131418; --card: #1a1c21; --ink: #e9e7e3; --muted: #a09c95; --rule: #2e3037; --grid: #25272d; --link: #7db8f0;
    --run-0: #4da6e0; --run-1: #ff8a47; --run-2: #2fc49a; --run-3: #e6b422;
    --run-4: #e08abf; --run-5: #9bd3f5; --run-6: #b9b5ad; --run-7: #c9a27c;
  }
}
:root[data-print] { color-scheme: light; }
.s0 { --run: var(--run-0); } .s1 { --run: var(--run-1); } .s2 { --run: var(--run-2); } .s3 { --run: var(--run-3); }
.s4 { --run: var(--run-4); } .s5 { --run: var(--run-5); } .s6 { --run: var(--run-6); } .s7 { --run: var(--run-7); }
* { box-sizing: border-box; }
body { margin: 0; padding: clamp(1.25rem, 5vw, 4rem) clamp(1rem, 4vw, 3rem) 4rem; }
main, header, footer { max-width: 70rem; margin-inline: auto; }
h1, h2 { font-family: Charter, "Bitstream Charter", "Iowan Old Style", Palatino, Georgia, "Liberation Serif", serif; line-height: 1.15; text-wrap: balance; }
h1 { font-size: clamp(1.9rem, 5vw, 2.9rem); font-weight: 600; margin: 0 0 .5rem; letter-spacing: -.015em; }
h2 { font-size: 1.6rem; font-weight: 600; margin: 0 0 .35rem; }
h3 { font-size: 1rem; font-weight: 600; margin: 0; }
p { margin: 0 0 1rem; max-width: 44rem; text-wrap: pretty; }
a { color: var(--link); text-underline-offset: .15em; }
section { margin-top: 3.25rem; scroll-margin-top: 4rem; }
.subtitle, .small { color: var(--muted); }
.subtitle { font-size: 1.1rem; margin-bottom: 1.75rem; }
.small { font-size: .875rem; line-height: 1.5; }
.opening { display: grid; gap: 1.5rem 3rem; grid-template-columns: 1fr; align-items: start; }
@media (min-width: 56rem) { .opening { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); } }
.opening p { margin-bottom: .5rem; }
.findings { background: var(--card); border: 1px solid var(--rule); border-left: 4px solid var(--run-0); border-radius: 4px 10px 10px 4px; padding: 1.1rem 1.4rem; }
.findings ul { margin: .5rem 0 0; padding-left: 1.1rem; }
.findings li + li { margin-top: .45rem; }
.swatch { width: 26px; height: 10px; flex: none; vertical-align: middle; }
.swatch line { stroke: var(--run); }

table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .9375rem; }
th { text-align: left; font-weight: 600; color: var(--muted); font-size: .8125rem; line-height: 1.3; vertical-align: bottom; }
th, td { padding: .6rem .8rem .6rem 0; border-bottom: 1px solid var(--rule); }
thead th { border-bottom: 2px solid var(--rule); }
tbody th { color: var(--ink); font-size: .9375rem; vertical-align: middle; }
.number { text-align: right; white-space: nowrap; }
.result .lead { font-weight: 650; }
.result tbody th .swatch { margin-right: .6rem; }
.result tbody th { min-width: 9rem; }
.result tr > :last-child { padding-right: 0; }
.notes { margin: 0; padding-left: 1.1rem; }
.scroll + p { max-width: 60rem; margin: .75rem 0; }
.interval { display: block; width: 9rem; height: 1.45rem; }
.interval .zero { stroke: var(--muted); stroke-dasharray: 2 2; }
.interval .range { stroke: var(--run); stroke-width: 2; stroke-linecap: round; }
.interval .mean { fill: var(--run); }
.interval .seed { fill: var(--run); opacity: .4; }
@media screen and (max-width: 62rem) {
  .result thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  .result, .result tbody, .result tr, .result td, .result th { display: block; }
  .result tr { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: .8rem 1rem; margin-bottom: .75rem; }
  .result td, .result tbody th { border: 0; padding: .1rem 0; }
  .result td[data-label]::before { white-space: normal; }
  .result tbody th { font-size: 1rem; margin-bottom: .25rem; }
  .result td[data-label] { display: flex; justify-content: space-between; gap: 1rem; text-align: right; }
  .result td[data-label]::before { content: attr(data-label); color: var(--muted); font-weight: 400; text-align: left; }
  .result td.empty { display: none; }
  .interval { width: 100%; margin-block: .25rem; }
}

.legend { position: sticky; top: 0; z-index: 5; display: none; gap: .4rem; flex-wrap: wrap; margin-top: 3rem; padding: .6rem 0; background: var(--paper); border-bottom: 1px solid var(--rule); }
[data-ready] .legend { display: flex; }
@media screen and (max-width: 52rem) { .legend { flex-wrap: nowrap; overflow-x: auto; margin-inline: calc(-1 * clamp(1rem, 4vw, 3rem)); padding-inline: clamp(1rem, 4vw, 3rem); } .legend button { flex: none; } }
.legend + section { margin-top: 1.75rem; }
button, select { font: inherit; color: inherit; }
.legend button { display: flex; align-items: center; gap: .5rem; background: var(--card); border: 1px solid var(--rule); border-radius: 99px; padding: .2rem .8rem .2rem .6rem; font-size: .875rem; cursor: pointer; }
.legend button:hover { border-color: var(--muted); }
.legend button[aria-pressed="false"] { color: var(--muted); text-decoration: line-through; background: none; }
.legend button[aria-pressed="false"] .swatch { opacity: .25; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.panel { display: none; }
[data-ready] .panel { display: block; }
.panel-head { display: flex; flex-wrap: wrap; gap: .5rem 2rem; align-items: end; justify-content: space-between; margin-bottom: 1rem; }
.panel-head p { margin: 0; color: var(--muted); }
.chooser { display: flex; align-items: center; gap: .35rem; font-size: .9375rem; }
.chooser label { display: flex; align-items: center; gap: .5rem; color: var(--muted); }
.chooser select, .chooser button { color: var(--ink); background: var(--card); border: 1px solid var(--rule); border-radius: 8px; padding: .3rem .6rem; cursor: pointer; }
.charts { display: grid; gap: 1.25rem; grid-template-columns: minmax(0, 1fr); }
@media (min-width: 56rem) {
  .charts { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .charts figure:only-child, .charts figure:last-child:nth-child(odd) { grid-column: 1 / -1; }
}
figure { margin: 0; min-width: 0; background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 1rem 1rem .85rem; break-inside: avoid; }
.figure-head { display: flex; justify-content: space-between; align-items: baseline; gap: 1rem; }
.figure-head .options { display: flex; gap: .9rem; font-size: .8125rem; color: var(--muted); white-space: nowrap; }
.figure-head .options label { display: flex; gap: .35rem; align-items: center; cursor: pointer; }
input[type="checkbox"] { accent-color: var(--run-0); margin: 0; }
.y-label { color: var(--muted); font-size: .8125rem; margin-top: .15rem; }
.plot { height: 17rem; }
figcaption { color: var(--muted); font-size: .8125rem; line-height: 1.45; margin-top: .35rem; }
.uplot { font-family: inherit !important; }
.u-select { background: color-mix(in srgb, var(--run-0) 18%, transparent); }
.u-hz .u-cursor-x { border-right: 1px solid var(--muted); opacity: .6; }
.u-hz .u-cursor-y { display: none; }
.readout { position: absolute; top: 4px; z-index: 10; pointer-events: none; display: grid; grid-template-columns: auto 1fr auto; gap: .05rem .5rem; align-items: center; background: var(--card); border: 1px solid var(--rule); border-radius: 8px; padding: .45rem .65rem; font-size: .75rem; line-height: 1.5; box-shadow: 0 4px 16px rgb(0 0 0 / .14); max-width: 20rem; }
.readout[hidden] { display: none; }
.readout strong { grid-column: 1 / -1; font-weight: 600; color: var(--muted); }
.readout span { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.readout b { text-align: right; font-variant-numeric: tabular-nums; }
.dot { width: .6rem; height: .6rem; border-radius: 50%; background: var(--run); }

.details { display: grid; gap: 2rem 3rem; grid-template-columns: minmax(0, 1fr); }
@media (min-width: 56rem) { .details { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); } .details section { margin-top: 3.25rem; } }
.details section + section { margin-top: 1rem; }
@media (min-width: 56rem) { .details section + section { margin-top: 3.25rem; } }
dl { margin: 1rem 0 0; }
.runs dt { font-weight: 600; display: flex; align-items: center; gap: .6rem; }
.runs dd { margin: .1rem 0 1rem; color: var(--muted); font-size: .9375rem; line-height: 1.5; }
.settings { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: .35rem 1.25rem; font-size: .9375rem; }
.settings dt { color: var(--muted); } .settings dd { margin: 0; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
pre { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: .9rem 1.1rem; overflow-x: auto; font: .875rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; margin: .75rem 0; }
footer { margin-top: 3.5rem; padding-top: 1rem; border-top: 1px solid var(--rule); }
.scroll { overflow-x: auto; }
noscript h3 { margin: 2rem 0 .5rem; }
@media print {
  :root { font-size: 11pt; background: #fff; --paper: #fff; }
  body { padding: 0; }
  .legend { position: static; } .legend button { border: 0; padding: 0 1rem 0 0; }
  .chooser button, .options { display: none !important; }
  th, td { padding: .3rem .5rem .3rem 0; } table, tbody th { font-size: 8pt; } thead th { font-size: 7pt; }
  .result tbody th { min-width: 7rem; } .interval { width: 5.5rem; }
  .opening { gap: 1rem 2rem; } pre { white-space: pre-wrap; }
  section { margin-top: 1.75rem; } h2, .panel-head { break-after: avoid; } tr { break-inside: avoid; }
}
:root[data-print] .charts { grid-template-columns: repeat(2, minmax(0, 320px)); }
:root[data-print] .charts figure { grid-column: auto; } :root[data-print] .plot { height: 13rem; }
`;
