"""The one style sheet of panels: JupyterLab's own colours, light and dark."""

from __future__ import annotations

__all__ = ["STYLE"]

STYLE = """\
.lc-panel { --lc-ink: var(--jp-ui-font-color1, #1b2027);
  --lc-muted: #545d69; --lc-sheet: #f4f5f7;
  --lc-rule: var(--jp-border-color1, #c4cad2);
  --lc-accent: #0a58a6; --lc-on-accent: #ffffff;
  --lc-alert: #9c1f14; --lc-alert-paper: #fdecea;
  --lc-quiet: #155c34; --lc-quiet-paper: #e7f4ec;
  --lc-pending: #6b4700; --lc-pending-paper: #fdf2d9;
  --lc-undefined: #454d59; --lc-undefined-paper: #eceff2;
  color: var(--lc-ink); max-width: 64rem; overflow: visible; padding: 2px; }
[data-jp-theme-light="false"] .lc-panel { color-scheme: dark;
  --lc-muted: #a7afba; --lc-sheet: #22272f;
  --lc-accent: #8abdf5; --lc-on-accent: #13161b;
  --lc-alert: #ffb9ae; --lc-alert-paper: #46201c;
  --lc-quiet: #a6e0bb; --lc-quiet-paper: #173524;
  --lc-pending: #f5d38c; --lc-pending-paper: #3b2e12;
  --lc-undefined: #c9d0d9; --lc-undefined-paper: #2a313b; }

.lc-panel .widget-box, .lc-panel .widget-vbox, .lc-panel .widget-hbox {
  overflow: visible; }
.lc-panel .widget-hbox { flex-flow: row wrap; gap: .25rem .5rem; align-items: center; }
.lc-panel .widget-html { height: auto; max-width: 100%; margin: 2px 0; }
.lc-panel .widget-html-content { color: var(--lc-ink); line-height: 1.5; height: auto;
  min-width: 0; flex: 1 1 auto; }
.lc-panel .widget-html-content :is(p, h3, h4, ul, dl) { max-width: 46rem;
  overflow-wrap: anywhere; }
.lc-panel .widget-html-content :is(p, ul) { margin: .35rem 0; }
.lc-panel .widget-html-content h3 { font-size: 1.1em; margin: .75rem 0 .35rem; }
.lc-panel .widget-html-content h4 { font-size: 1em; margin: .9rem 0 .3rem; }
.lc-panel .widget-label { width: auto; min-width: 6.5rem; text-align: left;
  color: var(--lc-ink); }
.lc-panel :is(.widget-text, .widget-dropdown, .widget-select) { width: auto;
  max-width: 46rem; }
.lc-panel .widget-select select { min-height: 11.5rem; }
.lc-panel :is(input, select, option) { font-family: var(--jp-ui-font-family); }
.lc-panel .jupyter-button { width: auto; height: auto; min-height: 2rem;
  padding: .2rem .9rem; line-height: 1.4; white-space: normal; text-align: left;
  border: 1px solid var(--lc-rule); border-radius: .25rem; color: var(--lc-ink);
  background: var(--jp-layout-color1, #ffffff); box-shadow: none; }
.lc-panel .jupyter-button.lc-first:not(:disabled) { background: var(--lc-accent);
  border-color: var(--lc-accent); color: var(--lc-on-accent); }
.lc-panel .jupyter-button.lc-wanted { border-color: var(--lc-accent);
  box-shadow: inset 0 0 0 1px var(--lc-accent); font-weight: 600; }
.lc-panel :is(button, input, select, summary, a, [tabindex]):focus-visible {
  outline: 2px solid var(--lc-accent) !important; outline-offset: 2px; }
.lc-panel a { color: var(--lc-accent); text-decoration: underline; }

.lc-panel .lc-status p { margin: .25rem 0; padding: .4rem .75rem;
  border-left: 3px solid var(--lc-rule); background: var(--lc-sheet); }
.lc-panel .lc-status [role="alert"] p { border-color: var(--lc-alert);
  color: var(--lc-alert); background: var(--lc-alert-paper); }
.lc-panel .lc-loud { padding: .5rem .75rem; border-left: 3px solid var(--lc-alert);
  color: var(--lc-alert); background: var(--lc-alert-paper); }
.lc-panel .lc-muted, .lc-panel small, .lc-panel .lc-count { color: var(--lc-muted); }
.lc-panel .lc-card { padding: .6rem 1rem .8rem; background: var(--lc-sheet);
  border-radius: .375rem; margin: .25rem 0 .5rem; }
.lc-panel .lc-facts { display: flex; flex-wrap: wrap; gap: .4rem 2rem; margin: 0;
  max-width: none; }
.lc-panel .lc-facts :is(dt, dd) { float: none; width: auto; display: block; margin: 0;
  padding: 0; overflow-wrap: anywhere; max-width: 44rem; }
.lc-panel .lc-facts dt { color: var(--lc-muted); font-size: .9em; font-weight: 400; }
.lc-panel .lc-badge { display: inline-block; padding: 0 .6em; border-radius: 1em;
  font-weight: 600; white-space: nowrap; color: var(--lc-undefined);
  background: var(--lc-undefined-paper); }
.lc-panel .lc-badge.lc-alert { color: var(--lc-alert);
  background: var(--lc-alert-paper); }
.lc-panel .lc-badge.lc-quiet { color: var(--lc-quiet);
  background: var(--lc-quiet-paper); }
.lc-panel .lc-badge.lc-pending { color: var(--lc-pending);
  background: var(--lc-pending-paper); }
.lc-panel .lc-scroll { overflow-x: auto; max-width: 100%; }
.lc-panel .lc-table { border-collapse: collapse; margin: 0; font-size: inherit;
  border: 0; table-layout: auto; }
.lc-panel .lc-table :is(th, td) { padding: .3rem 1.1rem .3rem 0; text-align: left;
  vertical-align: top; border-bottom: 1px solid var(--lc-rule); background: none;
  white-space: normal; max-width: none; }
.lc-panel .lc-table tr { background: none; }
.lc-panel .lc-table thead th { color: var(--lc-muted); font-weight: 500;
  vertical-align: bottom; }
.lc-panel .lc-table tbody th { font-weight: 500; white-space: nowrap; }
.lc-panel .lc-table .lc-num { text-align: right; white-space: nowrap; }
.lc-panel .lc-table small { display: block; white-space: nowrap; font-size: .9em; }
.lc-panel .lc-fold > summary { cursor: pointer; color: var(--lc-muted);
  padding: .2rem 0; width: max-content; max-width: 100%; }
.lc-panel .lc-picture { margin: .5rem 0; }
.lc-panel .lc-picture img { display: block; max-width: 100%; height: auto;
  background: #ffffff; border: 1px solid var(--lc-rule); border-radius: .375rem; }
.lc-panel .lc-row { border-top: 1px solid var(--lc-rule); padding: .5rem 0;
  align-items: flex-start; }
.lc-panel .lc-row .jupyter-button { min-width: 13rem; }
.lc-panel .lc-row > .widget-html { flex: 1 1 24rem; }
.lc-panel .lc-opened { border-top: 2px solid var(--lc-accent); margin-top: .5rem;
  padding-top: .25rem; }
.lc-panel .lc-narrow { display: none; }
@media (max-width: 40rem) {
  .lc-panel .lc-narrow { display: block; }
  .lc-alerts .lc-table :is(th, td):nth-child(5) { display: none; }
  .lc-panel :is(.widget-text, .widget-dropdown, .widget-select) { flex-flow: column;
    height: auto; align-items: stretch; }
  .lc-panel :is(.widget-text input, .widget-dropdown select, .widget-select select) {
    width: 100%; max-width: 100%; min-width: 0; flex: none; }
  .lc-panel :is(.widget-text input, .widget-dropdown select) { height: 2rem; } }
"""
"""Of every panel; the class of its root is `lc-panel`."""
