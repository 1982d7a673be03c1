"""Links that JupyterLab opens in a tab of its own, from wherever the notebook is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lifecycle import markup

__all__ = ["beside", "links", "show"]


def show(place: Any, pairs: Sequence[tuple[str, str]], base: Path) -> None:
    """Put links into an output: only there JupyterLab resolves a path.

    Parameters
    ----------
    place : ipywidgets.Output
    pairs : sequence of (str, str)
        Words, and a path from `base` or an address with https.
    base : Path
        The workspace's directory.
    """
    if not pairs:
        place.outputs = ()
        return
    html = links([(words, beside(base, to)) for words, to in pairs])
    told = ", ".join(words for words, _ in pairs)
    data = {"text/html": f'<div class="lc-links">{html}</div>', "text/plain": told}
    place.outputs = ({"output_type": "display_data", "data": data, "metadata": {}},)


def links(pairs: Sequence[tuple[str, str]]) -> markup.Html:
    """Links in a line; what is not safe to follow is left as words.

    Examples
    --------
    >>> links([("Audit", "a/audit.html"), ("<b>", "javascript:alert(1)")])
    '<a href="a/audit.html">Audit</a> · &lt;b&gt;'
    """
    return markup.join([markup.link(to, words) for words, to in pairs], " · ")


def beside(base: Path, path: str) -> str:
    """A path from the workspace as seen from the directory the kernel is in.

    Examples
    --------
    >>> beside(Path.cwd().parent, "reports/my leads/audit.html")
    '../reports/my%20leads/audit.html'
    """
    if "://" in path:
        return path
    there = os.path.relpath(base / path, Path.cwd())
    return quote(Path(there).as_posix())
