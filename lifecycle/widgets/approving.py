"""The approval panel: evidence, who has approved so far, a reason, the buttons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lifecycle import errors, markup, promotion, registry
from lifecycle.widgets.asked import View
from lifecycle.widgets.comparing import evidence, failed
from lifecycle.widgets.shell import Shell
from lifecycle.widgets.static import Static, either
from lifecycle.widgets.words import commands, given, proposal, waiting

__all__ = ["approval"]

_ASKED = "A reason is needed before you decide."


def approval(view: View, *, unattended: bool | None = None) -> Any:
    """The panel on which a person approves or rejects what is proposed.

    Parameters
    ----------
    view : lifecycle.workspace.View
        The model at a moment; its pending proposal is the one decided on. Exactly
        what was shown is what is approved: the proposal's digest goes with the click.
    unattended : bool, optional
        Whether no person is there; found out from the environment where not given.

    Returns
    -------
    ipywidgets.VBox, or Static where no person is there
    """
    return either(unattended, _Approval, _told, view)


def _told(view: View) -> Static:
    """What waits and the command that decides, for a run without a person."""
    proposed = view.proposal()
    if proposed is None:
        text = _nothing(view)
        return Static(markup.paragraph(text), text)
    who, so_far = "a person", ""
    if proposed.needed > 1:
        who = f"{proposed.needed} persons"
        so_far = f" ({given(proposed, _approvals(view, proposed))})"
    text = (
        f"Version {proposed.number} waits for {who}{so_far}. Open promote.ipynb in "
        f"JupyterLab, or decide at a terminal: {commands(proposed).replace('`', '')}"
    )
    return Static(markup.paragraph(text), text)


def _nothing(view: View) -> str:
    """That nothing waits; and why, where the newest candidate failed the gate."""
    made = [
        each
        for each in view.workspace.registry.renewals(view.name)
        if each.as_of <= view.as_of and not each.is_open
    ]
    if not made or made[-1].outcome != "failed the gate":
        return waiting(None)
    return f"{waiting(None)} {made[-1].sentence} It is kept, with its reasons."


def _approvals(view: View, proposed: registry.Proposal) -> Sequence[registry.Approval]:
    book: registry.Registry = view.workspace.registry
    return book.approvals(view.name, proposed.id)


class _Approval:
    """What is shown, what it was made from, and whether it is still to be decided."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.proposed: registry.Proposal | None = None
        self.evidence = markup.Html("")
        self.open = False
        shell = self.shell = Shell("approve", self._look)
        self.shown = shell.words()
        self.reason = shell.text("Reason", "why, for the ledger")
        desk = view.workspace
        self.approve = shell.button(
            "Approve", self._decides(desk.approve, "Approved"), first=True
        )
        self.canary = shell.button(
            "Ask for a canary",
            self._decides(desk.approve, "Approved as a canary", target="experimental"),
        )
        self.reject = shell.button("Reject", self._decides(desk.reject, "Rejected"))
        self.reason.observe(lambda _: self._enable(), names="value")
        self._draw()

    # -- what is shown ----------------------------------------------------------

    def _draw(self) -> None:
        """Show what waits now; what was written as a reason stays."""
        self.proposed = proposed = self.view.proposal()
        self.open = proposed is not None
        if proposed is None:
            text = _nothing(self.view)
            self.shown.value = markup.paragraph(text)
            self.shell.fill(self.shown, self.shell.row(self.shell.again))
            self.shell.tell("")
            return
        self.evidence = evidence(self.view, proposed)
        self._show(proposed)
        buttons = [self.approve, self.reject, self.shell.again]
        alone = proposed.needed == 1  # several approve what is proposed, nothing else
        if alone and proposed.target == "production" and proposed.against is not None:
            buttons.insert(1, self.canary)
        self.shell.fill(self.shown, self.reason, self.shell.row(*buttons))
        self._enable()
        self.shell.tell(_ASKED)

    def _show(self, proposed: registry.Proposal) -> None:
        card = markup.Html(
            proposal(proposed, _approvals(self.view, proposed))._repr_html_()
        )
        gate = failed(proposed)
        loud = markup.paragraph(gate, kind="loud") if gate else ""
        self.shown.value = markup.join([card, loud, self.evidence])

    def _enable(self) -> None:
        ready = self.open and bool(self.reason.value.strip())
        self.reason.disabled = not self.open
        for each in (self.approve, self.canary, self.reject):
            each.disabled = not ready

    # -- what is done -----------------------------------------------------------

    def _look(self) -> str:
        """Show what is there now: another moment, another proposal, more approvals."""
        before = self.proposed
        self.view = self.view.workspace.view(self.view.name)
        self._draw()
        now = self.proposed
        if now is None:
            return waiting(None)
        if before is None or now.digest != before.digest:
            return f"Proposal {now.id} is new here: look at it first. {_ASKED}"
        return f"This is proposal {now.id} as it stands now. {_ASKED}"

    def _decides(
        self, call: Callable[..., promotion.Move], word: str, **more: Any
    ) -> Callable[[], str]:
        def decide() -> str:
            proposed, reason = self.proposed, self.reason.value.strip()
            if proposed is None or not self.open:
                raise errors.AlreadyDecided(
                    "this panel has decided already; look again for what waits now"
                )
            if not reason:
                raise errors.IllegalMove("the reason is missing; say why")
            move = call(
                self.view.name,
                proposed.id,
                reason=reason,
                digest=proposed.digest,
                **more,
            )
            self.open = False
            self._enable()
            self._show(move.proposal or proposed)
            told = f"{word}: version {proposed.number}"
            if move.proposal is not None and move.proposal.status == "pending":
                told = f"Your approval is noted: {move.sentence}"
            return f"{told}. Reason: {reason}"

        return decide
