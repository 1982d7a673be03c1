"""The one style sheet of reports and index."""

from __future__ import annotations

__all__ = ["STYLE"]

STYLE = """\
:root { color-scheme: light dark;
  --paper: #ffffff; --sheet: #f5f6f8; --card: #ffffff; --ink: #1b2027;
  --muted: #545d69; --rule: #d8dde3; --accent: #0a58a6;
  --alert: #9c1f14; --alert-paper: #fdecea; --quiet: #155c34; --quiet-paper: #e7f4ec;
  --pending: #6b4700; --pending-paper: #fdf2d9;
  --undefined: #454d59; --undefined-paper: #eceff2; }
@media screen and (prefers-color-scheme: dark) { :root {
  --paper: #13161b; --sheet: #1b1f26; --card: #1b1f26; --ink: #e7e9ec;
  --muted: #a7afba; --rule: #343b46; --accent: #8abdf5;
  --alert: #ffb9ae; --alert-paper: #46201c; --quiet: #a6e0bb; --quiet-paper: #173524;
  --pending: #f5d38c; --pending-paper: #3b2e12;
  --undefined: #c9d0d9; --undefined-paper: #2a313b; } }

.lc-page { margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial,
    "Noto Sans", "Liberation Sans", sans-serif;
  -webkit-text-size-adjust: 100%; }
.lc-page *, .lc-page *::before { box-sizing: border-box; }
.page { max-width: 72rem; margin: 0 auto; padding: 2.5rem clamp(1rem, 4vw, 3rem) 3rem; }
.lc-page :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.page-pages { margin: 0 0 1.25rem; color: var(--muted); font-size: .9063rem; }
.page-skip { position: absolute; left: -99rem; }
.page-skip:focus { left: 1rem; top: .5rem; }

.lc-page h1, .lc-page h2, .lc-page h3, .lc-page h4 { line-height: 1.25;
  text-wrap: balance; overflow-wrap: anywhere; }
.lc-page h1 { font-size: clamp(1.6rem, 1.2rem + 1.6vw, 2.15rem); font-weight: 650;
  letter-spacing: -.015em; margin: 0; }
.lc-page h2 { font-size: 1.3rem; font-weight: 650; letter-spacing: -.005em;
  margin: 2.75rem 0 .75rem; }
.lc-page h3 { font-size: 1.05rem; font-weight: 650; margin: 1.75rem 0 .5rem; }
.lc-page h4, .lc-page h5, .lc-page h6 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
.lc-page p { margin: 0 0 .9rem; max-width: 44rem; overflow-wrap: anywhere; }
.lc-page ul, .lc-page ol { padding-left: 1.25rem; max-width: 44rem; }
.lc-page li { margin: .2rem 0; overflow-wrap: anywhere; }
.lc-page a { color: var(--accent); text-decoration-thickness: 1px;
  text-underline-offset: .18em; }
.lc-page a:not([href]) { color: inherit; text-decoration: none; }
.lc-page hr { border: 0; border-top: 1px solid var(--rule); margin: 2rem 0; }
.lc-page blockquote { margin: 1rem 0; padding-left: 1rem;
  border-left: 3px solid var(--rule); color: var(--muted); }
.lc-muted, .lc-page small { color: var(--muted); }
.lc-page small { font-size: .8125rem; }
.lc-summary { font-size: 1.0625rem; }

.page-of { color: var(--muted); font-weight: 400; }
.page-banner { margin: 1.25rem 0 1.5rem; padding: 1rem 1.25rem 1.05rem;
  border-radius: .375rem; border-left: .375rem solid var(--undefined);
  background: var(--undefined-paper); }
.page-banner p { margin: 0; max-width: 60rem; }
.page-word { font-weight: 700; color: var(--undefined); }
.page-banner .page-word::before { content: "\\25CB\\00A0"; }
.page-banner .page-answer { font-size: 1.1875rem; line-height: 1.45;
  margin-top: .15rem; }
.page-first { display: grid; gap: 0 3rem; margin: 0 0 1.5rem;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); }
.page-first h2 { font-size: 1.05rem; margin: 0 0 .4rem; }
.page-first section { margin: 0 0 .75rem; }
.page-first ul { margin: 0; }
.page-first p, .page-first li { max-width: 40rem; }
.page-first .lc-fold { margin: .4rem 0 0; }
.page-todo { order: 2; }
.page-todo ul { list-style: none; padding: 0; }
.page-todo li { padding-left: 1.4rem; text-indent: -1.4rem; }
.page-todo li::before { content: "\\2192"; display: inline-block; width: 1.4rem;
  text-indent: 0; color: var(--muted); }
.page-todo code, .page-todo small { text-indent: 0; }
.page-who { display: block; }
.page-head .lc-facts { gap: .3rem 2rem; }
.page-head .lc-facts div { display: flex; flex-wrap: wrap; gap: 0 .5rem;
  align-items: baseline; }
.page-alert { background: var(--alert-paper); border-color: var(--alert); }
.page-alert .page-word { color: var(--alert); }
.page-alert .page-word::before { content: "\\25B2\\00A0"; }
.page-quiet { background: var(--quiet-paper); border-color: var(--quiet); }
.page-quiet .page-word { color: var(--quiet); }
.page-quiet .page-word::before { content: "\\25CF\\00A0"; }

.lc-facts { display: flex; flex-wrap: wrap; gap: .75rem 2.5rem; margin: 0; }
.lc-facts div { min-width: min(7rem, 100%); max-width: min(44rem, 100%); }
.lc-facts .page-wide { flex-basis: 100%; max-width: 100%; }
.lc-facts dt { color: var(--muted); font-size: .8125rem; }
.lc-facts dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.lc-card { padding: 1rem 1.25rem 1.1rem; background: var(--sheet);
  border-radius: .375rem; margin: 1rem 0; }
.lc-card h3 { margin: 0 0 .6rem; }

.page-contents { font-size: .9375rem; margin: 1.75rem 0 0; padding-top: 1rem;
  border-top: 1px solid var(--rule); }
.page-contents p { color: var(--muted); font-size: .8125rem; margin: 0 0 .3rem; }
.page-contents ul { list-style: none; padding: 0; margin: 0; }
.page-contents a { color: inherit; text-decoration-color: var(--rule); }
.page-body { min-width: 0; }
@media (min-width: 64rem) {
  .page-columns { display: grid; grid-template-columns: 12rem minmax(0, 1fr);
    gap: 0 3rem; margin-top: 2rem; border-top: 1px solid var(--rule); }
  .page-columns .page-contents { position: sticky; top: 1.5rem; align-self: start;
    border: 0; padding: 0; margin: 1.75rem 0; max-height: 92vh; overflow-y: auto; }
  .page-columns .page-contents li { margin: .4rem 0; line-height: 1.35; } }
.page-body > :first-child, .page-body > section:first-child > h2 { margin-top: 1.5rem; }
.page-foot { margin-top: 3.5rem; padding-top: 1rem; border-top: 1px solid var(--rule);
  color: var(--muted); font-size: .8125rem; }
.page-foot p { max-width: none; }

.lc-badge { display: inline-block; padding: .05em .65em; border-radius: 1em;
  font-size: .8125rem; font-weight: 600; line-height: 1.6; white-space: nowrap;
  letter-spacing: 0; vertical-align: .08em;
  color: var(--undefined); background: var(--undefined-paper); }
.lc-badge.lc-alert { color: var(--alert); background: var(--alert-paper); }
.lc-badge.lc-quiet { color: var(--quiet); background: var(--quiet-paper); }
.lc-badge.lc-pending { color: var(--pending); background: var(--pending-paper); }

.lc-scroll { overflow-x: auto; max-width: 100%; margin: 0 0 1.25rem; }
.lc-table { border-collapse: collapse; font-size: .9063rem; line-height: 1.45;
  font-variant-numeric: tabular-nums lining-nums; }
.lc-table caption { text-align: left; color: var(--muted); font-size: .8125rem;
  padding-bottom: .4rem; }
.lc-table th, .lc-table td { padding: .4rem 1.25rem .4rem 0; text-align: left;
  vertical-align: top; border-bottom: 1px solid var(--rule); }
.lc-table th:last-child, .lc-table td:last-child { padding-right: .25rem; }
.lc-table thead th { color: var(--muted); font-size: .8125rem; font-weight: 500;
  white-space: nowrap; vertical-align: bottom; }
.lc-table tbody th { font-weight: 500; }
.lc-findings .lc-table tbody th { white-space: nowrap; }
.lc-table .lc-num { text-align: right; white-space: nowrap; }
.lc-table small { display: block; white-space: nowrap; }
.lc-table th small { white-space: normal; max-width: 15rem;
  overflow-wrap: break-word; }
.lc-table ul { list-style: none; margin: 0; padding: 0; }
.lc-table td p, .lc-table th p { margin: 0; }
.lc-table li, .lc-table p { overflow-wrap: break-word; }
.lc-nowrap { white-space: nowrap; }
.lc-count { color: var(--muted); font-size: .8125rem; }
.lc-table small { color: var(--muted); }
.lc-prose { display: inline-block; max-width: 30rem; }
.page-history .lc-prose { max-width: 38rem; }

.lc-picture { margin: 0 0 1.25rem; }
.lc-picture .lc-scroll { margin: 0; }
.lc-picture img, img.lc-figure { display: block; max-width: 100%; height: auto;
  background: var(--card); border: 1px solid var(--rule); border-radius: .375rem;
  padding: .35rem; }
.lc-picture figcaption { color: var(--muted); font-size: .8125rem; max-width: 44rem;
  margin-top: .4rem; }
.page-index .lc-picture img { width: min(100%, 52rem); }
.lc-spark { display: block; width: 120px; height: 28px; margin-top: .3rem; }

.lc-page code { font-size: .9em; }
.lc-page pre, .lc-page pre code { font-size: .8125rem; }
.lc-page pre, .lc-page code {
  font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono",
    monospace; }
.lc-page pre { line-height: 1.5; background: var(--sheet); border-radius: .375rem;
  padding: .75rem 1rem; margin: 0 0 1.25rem; overflow-x: auto; }
.lc-fold { margin: 0 0 1.25rem; }
.lc-fold > summary { cursor: pointer; color: var(--muted); font-size: .8125rem;
  width: max-content; max-width: 100%; padding: .15rem 0; }
.page-code { margin-top: -.5rem; }
.lc-fold > pre { margin-top: .4rem; white-space: pre-wrap; overflow-wrap: anywhere; }
.page-error { border-left: .25rem solid var(--alert); padding-left: 1rem;
  margin: 0 0 1.25rem; }
.page-error p { margin: 0 0 .4rem; }

@media (max-width: 44rem) {
  .page { padding-top: 1.5rem; }
  .lc-picture img { min-width: 32rem; }
  .lc-table th, .lc-table td { padding-right: 1rem; }
  .page-index .lc-table { min-width: max-content; }
  .page-history .lc-table { min-width: 0; }
  .lc-prose { max-width: 18rem; }
  .page-history .lc-prose { max-width: 100%; }
  .page-history .lc-table small { white-space: normal; }
  .page-history td { overflow-wrap: break-word; min-width: 5.5rem; }
  .page-history .lc-nowrap { white-space: normal; } }
@page { margin: 18mm 16mm; }
@media print {
  :root { color-scheme: light; --ink: #000000; --muted: #333a44; --rule: #b9c0c9;
    --sheet: #ffffff; --accent: #000000; --alert-paper: #ffffff;
    --quiet-paper: #ffffff; --pending-paper: #ffffff; --undefined-paper: #ffffff; }
  .lc-page { font-size: 10.5pt; }
  .page { padding: 0; max-width: none; }
  .page-contents, .page-skip, .page-code { display: none; }
  .page-columns { display: block; }
  .page-first { grid-template-columns: 1fr 1fr; gap: 0 2rem; }
  .page-banner { border: 1px solid var(--rule); border-left: .375rem solid; }
  .page-banner.page-alert { border-left-color: var(--alert); }
  .page-banner.page-quiet { border-left-color: var(--quiet); }
  .lc-card { border: 1px solid var(--rule); }
  .lc-badge { padding: 0; }
  .lc-scroll { overflow: visible; }
  .lc-picture img, img.lc-figure { min-width: 0; max-width: 100%; max-height: 235mm; }
  .lc-table { font-size: 8.5pt; max-width: 100%; }
  .lc-table thead th, .lc-table small, .lc-table .lc-count, .lc-table .lc-badge {
    font-size: 7.5pt; }
  .lc-table th, .lc-table td { padding-right: .6rem; }
  .lc-picture, .lc-table tr, .page-banner, .page-first section, .lc-card {
    break-inside: avoid; }
  .lc-table thead { display: table-header-group; }
  .lc-page h2, .lc-page h3, .lc-page h2 + p, .lc-summary { break-after: avoid; }
  .lc-page a { color: inherit; text-decoration: none; } }
"""
