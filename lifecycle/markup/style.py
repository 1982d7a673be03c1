"""The one style sheet of reports and index."""

from __future__ import annotations

__all__ = ["STYLE"]

STYLE = """\
:root { color-scheme: light dark;
  --paper: #ffffff; --sheet: #f6f7f9; --ink: #1b2027; --muted: #545d69;
  --rule: #d8dde3; --accent: #0a58a6;
  --alert: #9c1f14; --alert-paper: #fdecea; --quiet: #155c34; --quiet-paper: #e7f4ec;
  --pending: #6b4700; --pending-paper: #fdf2d9;
  --undefined: #454d59; --undefined-paper: #eceff2; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #13161b; --sheet: #1b1f26; --ink: #e7e9ec; --muted: #a7afba;
  --rule: #343b46; --accent: #8abdf5;
  --alert: #ffb9ae; --alert-paper: #4a1a15; --quiet: #a6e0bb; --quiet-paper: #14351f;
  --pending: #f5d38c; --pending-paper: #41300c;
  --undefined: #c9d0d9; --undefined-paper: #2a313b; } }
.lc-page { margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial,
    "Noto Sans", "Liberation Sans", sans-serif; }
.lc-badge { display: inline-block; padding: .1em .6em; border-radius: 1em;
  font-size: .8125rem; font-weight: 600; line-height: 1.5; white-space: nowrap;
  color: var(--undefined); background: var(--undefined-paper); }
.lc-alert { color: var(--alert); background: var(--alert-paper); }
.lc-quiet { color: var(--quiet); background: var(--quiet-paper); }
.lc-table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.lc-num { text-align: right; }
"""
