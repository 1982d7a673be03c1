"""What all panels have: controls with labels, a live region, errors as sentences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import RLock
from typing import Any

from lifecycle import errors, markup
from lifecycle.widgets.style import STYLE

__all__ = ["Shell"]

_UNFORESEEN = (
    "Not done: something happened that nobody has foreseen; the log of JupyterLab has "
    "the details. Look again before you go on."
)


class Shell:
    """The frame of a panel, and the way its buttons act.

    JupyterLab may handle a click in a thread of its own: what a button does is done
    under a lock, and opens what it needs itself.

    Parameters
    ----------
    kind : str
        The root's class is `lc-` and this.
    look : callable
        What "Look again" does; returns what has happened, in a sentence.
    """

    def __init__(self, kind: str, look: Callable[[], str]) -> None:
        import ipywidgets

        self.lock = RLock()
        self.status = ipywidgets.HTML()
        self.status.add_class("lc-status")
        self.again = self.button("Look again", look)
        self._style = ipywidgets.HTML(f"<style>{STYLE}</style>")
        self._style.layout.display = "none"
        self.box = ipywidgets.VBox()
        self.box.add_class("lc-panel")
        self.box.add_class(f"lc-{kind}")

    def fill(self, *parts: Any) -> None:
        """What the panel holds; the live region stays below it."""
        self.box.children = (self._style, *parts, self.status)

    def row(self, *parts: Any) -> Any:
        """Controls side by side, below each other where it is narrow."""
        import ipywidgets

        return ipywidgets.HBox(parts)

    def words(self, html: str = "") -> Any:
        """A piece of text."""
        import ipywidgets

        return ipywidgets.HTML(html)

    def button(self, name: str, work: Callable[[], str], *, first: bool = False) -> Any:
        """A button; `work` is done once a click, and says what has happened."""
        import ipywidgets

        made = ipywidgets.Button(description=name)
        if first:
            made.add_class("lc-first")
        made.on_click(lambda _: self.act(work))
        return made

    def drop(self, *gone: Any) -> None:
        """Let go of parts that are not shown any more, here and in the browser."""
        for each in gone:
            self.drop(*getattr(each, "children", ()))
            about = [getattr(each, name, None) for name in ("layout", "style")]
            for part in (each, *filter(None, about)):
                part.close()

    def text(self, name: str, placeholder: str) -> Any:
        """A line to write in."""
        import ipywidgets

        return ipywidgets.Text(
            description=name,
            placeholder=placeholder,
            style={"description_width": "initial"},
        )

    def choice(
        self, name: str, options: Sequence[tuple[str, Any]], *, rows: int = 0
    ) -> Any:
        """One of several: a list of so many rows, or one that opens."""
        import ipywidgets

        told = {
            "description": name,
            "options": list(options),
            "style": {"description_width": "initial"},
        }
        if rows:
            return ipywidgets.Select(rows=rows, **told)
        return ipywidgets.Dropdown(**told)

    def act(self, work: Callable[[], str]) -> None:
        """Do it, and say what happened; a refusal is shown as its sentence.

        What nobody has foreseen is said, too, and goes on to the log: a panel that
        stays silent would look as if nothing had happened.
        """
        with self.lock:
            said, role = _UNFORESEEN, "alert"
            try:
                said, role = work(), "status"
                self.again.remove_class("lc-wanted")
            except errors.LifecycleError as error:
                said = f"Not done: {error}"
                if isinstance(error, (errors.Stale, errors.AlreadyDecided)):
                    self.again.add_class("lc-wanted")
            finally:
                self.tell(said, role)

    def tell(self, text: str, role: str = "status") -> None:
        """Say something in the live region; "alert" is read out at once."""
        how = "assertive" if role == "alert" else "polite"
        said = markup.paragraph(markup.one_line(text, most=900)) if text else ""
        self.status.value = f'<div role="{role}" aria-live="{how}">{said}</div>'
