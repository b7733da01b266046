/**
 * The style of the page: light or dark as the system is set, from 360 px of width. Colors mark what went
 * wrong.
 *
 * @module
 */
import type { Asset } from "./view.ts";

const text = `
:root {
  color-scheme: light dark;
  --ground: #fff; --raised: #f5f7f9; --text: #1b1f24; --soft: #57606a; --line: #dfe3e8;
  --link: #0a58b5; --wait: #c6ced8; --good: #3a8a5f; --run: #2b74d8; --bad: #b3261e;
  --again: #8f5b00; --off: #6a5885; --group: #8fa3b8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #15181c; --raised: #1e2328; --text: #e4e7eb; --soft: #9ca6b1; --line: #323940;
    --link: #7fb4ff; --wait: #434c57; --good: #57ab7d; --run: #6ea8ff; --bad: #ff8f86;
    --again: #e0ac45; --off: #b9a5d8; --group: #64788d;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 90rem; padding: 0 1rem 3rem; background: var(--ground);
  color: var(--text); font: 15px/1.5 system-ui, sans-serif; overflow-wrap: break-word;
}
a { color: var(--link); text-underline-offset: .15em; }
a:focus-visible, button:focus-visible, input:focus-visible, select:focus-visible, summary:focus-visible, pre:focus-visible {
  outline: 2px solid var(--link); outline-offset: 2px;
}
code, pre { font: .9em/1.5 ui-monospace, monospace; }
code, h1, .home, .error, .id, .lines li > *, dd, th:first-child { overflow-wrap: anywhere; }
.copied code { user-select: all; }
h1 { font-size: 1.35rem; line-height: 1.3; margin: 1.2rem 0 .4rem; }
h2 { font-size: 1.05rem; margin: 1.8rem 0 .4rem; }
h1 code { font-weight: 400; font-size: .85em; }
h1 small, .small { font-weight: 400; font-size: .9rem; color: var(--soft); margin-left: .5rem; }
button, input, select {
  font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--soft);
  border-radius: 4px; padding: .2rem .6rem;
}
button { background: var(--raised); cursor: pointer; }
main:focus { outline: none; }
.visually-hidden, .skip:not(:focus) {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap;
}
header {
  display: flex; flex-wrap: wrap; align-items: center; gap: .5rem 1.2rem; padding: .7rem 0;
  border-bottom: 1px solid var(--line);
}
header nav { display: flex; gap: .9rem; }
header nav a { text-decoration: none; }
header nav a:hover, header nav [aria-current] { text-decoration: underline; }
.home { font-weight: 600; color: inherit; text-decoration: none; }
header form { display: flex; gap: .4rem; flex: 1 1 18rem; max-width: 34rem; }
header input { flex: 1; min-width: 0; }
#live { margin: 0 0 0 auto; min-height: 2rem; }
#live:empty { display: none; }
#live button { border: 0; background: none; color: var(--soft); }
#live button::before { content: "● "; color: var(--good); }
.note, .when { color: var(--soft); }
.facts > span:not(:last-child), .facts > a:not(:last-child) { margin-right: .8rem; }
.copy { display: none; margin-left: .5rem; font-size: .8rem; padding: 0 .4rem; font-weight: 400; }
.js .copy { display: inline-block; }
.status { white-space: nowrap; color: var(--soft); }
h1 .status { font-size: .75em; font-weight: 400; margin-left: .4rem; }
.status.failed { color: var(--bad); }
.status.retrying { color: var(--again); }
.status.running { color: var(--run); }
.error { color: var(--bad); }

table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .35rem .6rem; text-align: right; border-bottom: 1px solid var(--line); }
th:first-child { text-align: left; padding-left: 0; }
td a { color: inherit; text-decoration: none; }
td a:hover, td a:focus-visible { text-decoration: underline; }
thead th { font-weight: 400; color: var(--soft); }
tbody th { font-weight: 500; }
.lines { list-style: none; padding: 0; margin: 0; }
.lines li {
  display: flex; flex-wrap: wrap; gap: 0 1rem; padding: .35rem 0; border-bottom: 1px solid var(--line);
}
.lines .when { margin-left: auto; }
.lines .error, .id { min-width: 0; }
.lines li > code { color: var(--soft); }
.lines .status { min-width: 6.2rem; }
.failures .count { min-width: 4rem; text-align: right; font-variant-numeric: tabular-nums; }
.failures .error { flex: 1 1 20rem; text-decoration: none; }
.failures .error:hover { text-decoration: underline; }
.filter { display: flex; flex-wrap: wrap; gap: .5rem 1.2rem; align-items: center; margin: .6rem 0 1rem; }
.filter label { color: var(--soft); min-width: 0; }
.filter select, .filter input { color: var(--text); max-width: 16rem; }
.filter details[open] { flex-basis: 100%; }

@media (max-width: 60rem) {
  th, td { padding: .35rem; }
  .queues th:first-child { min-width: 9rem; }
}

.axis, .row {
  display: grid; gap: 0 .8rem; align-items: center;
  grid-template-columns: minmax(8rem, 22rem) minmax(8rem, 1fr) 7rem 4.5rem 4.5rem;
}
.waterfall { list-style: none; padding: 0; margin: 0; border-top: 1px solid var(--line); }
.row { position: relative; border-radius: 4px; scroll-margin: 4rem; }
.row:hover, .row:focus-within { background: var(--raised); }
.row:target { box-shadow: inset 3px 0 var(--link); }
.name {
  position: relative; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; padding: .1rem .3rem;
}
.name a:focus-visible { outline-offset: -2px; }
.row.fold .name a { color: var(--soft); }
.row.trace { display: block; margin-top: .8rem; color: var(--soft); }
.row.trace .name { display: block; }
.duration { text-align: right; font-variant-numeric: tabular-nums; }
${
  Array.from({ length: 12 }, (_, i) => `.l${i + 1} { padding-left: ${(i + 1) * 1.1 + .3}rem; }`)
    .join("\n")
}
.definitions { position: absolute; width: 0; height: 0; }
.bar { display: block; width: 100%; height: 24px; overflow: visible; }
#ticks line { stroke: var(--line); stroke-width: 1; }
.break { fill: var(--line); }
.depends { stroke: var(--soft); stroke-dasharray: 2 2; }
.path { fill: var(--text); }
.axis .duration { color: var(--soft); }
.row .note { margin-left: .5rem; font-size: .85rem; }
.row.fold .duration { grid-column: span 2; }
.halo { fill: var(--ground); stroke: none; }
.bar text { fill: var(--soft); font-size: 12px; }
.sign { width: 14px; height: 14px; vertical-align: -2px; }
.wait { fill: var(--wait); }
.group { fill: var(--group); }
.run { fill: var(--again); }
.run.completed { fill: var(--good); }
.run.running { fill: var(--run); }
.run.fatal { fill: var(--bad); }
.bar use, .sign use { fill: none; stroke: var(--text); stroke-width: 1.8; }
.bar use.retried, .sign .retried { stroke: var(--again); }
.bar use.failed, .sign .failed { stroke: var(--bad); stroke-width: 2.4; }
.bar use.cancelled, .sign .cancelled { stroke: var(--off); }
.bar use.unblocked, .sign .unblocked { stroke: var(--soft); fill: var(--ground); }
.description {
  position: absolute; z-index: 2; top: 100%; left: .3rem; right: .3rem; max-width: 46rem; margin: 0;
  padding: .4rem .7rem; background: var(--text); color: var(--ground); border-radius: 4px;
  visibility: hidden; pointer-events: none; font-size: .9rem;
}
.row:hover .description, .row:focus-within .description { visibility: visible; }
.row:focus-within:not(:hover) .description { z-index: 1; }
.pager { margin: .8rem 0; }
.legend {
  display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; list-style: none; padding: 0; margin: 1rem 0;
  color: var(--soft); font-size: .9rem;
}
dl.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .3rem 1.2rem; }
dt { color: var(--soft); }
dd { margin: 0; }
dd ul { list-style: none; margin: 0; padding: 0; }
pre { background: var(--raised); padding: .8rem; overflow: auto; max-height: 30rem; border-radius: 4px; }
summary { cursor: pointer; }
.data summary h2 { display: inline; }
.data { margin-top: 1.6rem; }
.actions { display: flex; flex-wrap: wrap; gap: .6rem; margin: .6rem 0; }
.action > summary { display: inline-block; border: 1px solid var(--soft); border-radius: 4px; padding: .2rem .8rem; }
.action form { padding: .6rem 0; }
.action form p { margin: 0 0 .5rem; }
.action label { margin-right: .4rem; }
.attempts { padding-left: 1.6rem; }
.attempts li { margin-bottom: .5rem; }
.attempts p { margin: .1rem 0; }

@media (max-width: 48rem) {
  .axis, .row { grid-template-columns: minmax(0, 1fr) max-content max-content max-content; }
  .row > .bar { grid-row: 2; grid-column: 1 / -1; }
  .row .name { grid-column: 1 / 3; }
  .row .status { grid-column: 3 / -1; text-align: right; }
  .row .duration { grid-row: 3; grid-column: 2; font-size: .85rem; }
  .row .duration + .duration { grid-column: 3 / -1; }
  .row .duration::before { content: attr(data-label) " "; color: var(--soft); }
  .depends { display: none; }
  .axis > span { display: none; }
  .axis > .bar { grid-column: 1 / -1; }
  .row { padding: .2rem 0; border-bottom: 1px solid var(--line); }
  thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  h1 code { display: block; font-size: .75rem; }
  h1 .copy { margin-left: 0; }
  dl.facts { display: block; }
  dl.facts dt { margin-top: .5rem; }
  dl.facts code { font-size: .75rem; }
  .filter label { flex: 1 1 8rem; }
  .filter select, .filter input { width: 100%; max-width: none; }
  .queues, .queues tbody { display: block; }
  .queues tr {
    display: grid; grid-template-columns: repeat(3, 1fr); gap: .1rem .8rem; padding: .6rem 0;
    border-bottom: 1px solid var(--line);
  }
  .queues th { grid-column: 1 / -1; }
  .queues th, .queues td { border: 0; padding: 0; text-align: left; }
  .queues td::before { content: attr(data-label); display: block; color: var(--soft); font-size: .8rem; }
}
@media (prefers-contrast: more) { :root { --soft: var(--text); --line: var(--soft); } }
`;

/** The style. */
export const style: Asset = { name: "page.css", type: "text/css; charset=utf-8", text };
