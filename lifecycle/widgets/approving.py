"""The approval panel: evidence, who has approved so far, a reason, the buttons."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

from lifecycle import errors, markup, promotion, registry
from lifecycle.widgets.static import Static, alone
from lifecycle.widgets.words import commands, given, proposal, waiting

__all__ = ["approval"]


class _Desk(Protocol):
    """What the panel asks of a workspace."""

    def approve(
        self,
        name: str,
        proposal: int | None = None,
        *,
        reason: str,
        digest: str | None,
        target: Any = None,
    ) -> promotion.Move: ...

    def reject(
        self, name: str, proposal: int | None = None, *, reason: str, digest: str | None
    ) -> promotion.Move: ...


class _View(Protocol):
    """What the panel asks of a view."""

    name: str
    as_of: datetime

    @property
    def workspace(self) -> Any: ...

    def proposal(self) -> registry.Proposal | None: ...


def approval(view: _View, *, unattended: bool | None = None) -> Any:
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
    ipywidgets.VBox, or Static where nothing waits or no person is there
    """
    proposed = view.proposal()
    if proposed is None:
        text = " ".join(filter(None, (waiting(None), _failed(view))))
        return Static(markup.paragraph(text), text)
    if alone(unattended):
        who, so_far = "a person", ""
        if proposed.needed > 1:
            who = f"{proposed.needed} persons"
            so_far = f" ({given(proposed, _approvals(view, proposed))})"
        text = (
            f"Version {proposed.number} waits for {who}{so_far}. Open promote.ipynb in "
            f"JupyterLab, or decide at a terminal: "
            f"{commands(proposed).replace('`', '')}"
        )
        return Static(markup.paragraph(text), text)
    return _panel(view, view.workspace, proposed)


def _failed(view: _View) -> str:
    """Why the newest ruling led to no proposal, where its candidate failed."""
    made = [
        each
        for each in view.workspace.registry.renewals(view.name)
        if each.as_of <= view.as_of and not each.is_open
    ]
    if not made or made[-1].outcome != "failed the gate":
        return ""
    return f"{made[-1].sentence} It is kept, with its reasons."


def _approvals(view: _View, proposed: registry.Proposal) -> Sequence[registry.Approval]:
    book: registry.Registry = view.workspace.registry
    return book.approvals(view.name, proposed.id)


def _panel(view: _View, desk: _Desk, proposed: registry.Proposal) -> Any:
    import ipywidgets

    def card() -> str:
        return proposal(proposed, _approvals(view, proposed))._repr_html_()

    heading = ipywidgets.HTML(card())
    reason = ipywidgets.Text(
        description="Reason",
        placeholder="why, for the ledger",
        layout=ipywidgets.Layout(width="40rem"),
    )
    approve = ipywidgets.Button(
        description="Approve", button_style="success", disabled=True
    )
    reject = ipywidgets.Button(
        description="Reject", button_style="danger", disabled=True
    )
    canary = ipywidgets.Button(description="Start with a share", disabled=True)
    buttons = [approve, reject]
    alone = proposed.needed == 1  # several approve what is proposed, and nothing else
    if alone and proposed.target == "production" and proposed.against is not None:
        buttons.insert(1, canary)
    asked = "A reason is needed before you decide."
    if not proposed.evidence.get("passed"):
        asked += " The gate is not passed; whoever approves all the same says why."
    status = ipywidgets.HTML(_status(asked))
    status.add_class("lc-status")

    def typed(change: Any) -> None:
        blank = not str(change["new"]).strip()
        for button in (approve, reject, canary):
            button.disabled = blank

    def decided(call: Any, word: str, **more: Any) -> Any:
        def clicked(_: Any) -> None:
            try:
                move = call(
                    view.name,
                    proposed.id,
                    reason=reason.value,
                    digest=proposed.digest,
                    **more,
                )
            except errors.LifecycleError as error:
                status.value = _status(f"Not done: {error}", role="alert")
                return
            for each in (reason, approve, reject, canary):
                each.disabled = True
            heading.value = card()
            told = f"{word}: version {proposed.number}"
            if move.proposal is not None and move.proposal.status == "pending":
                told = f"Your approval is noted: {move.sentence}"
            status.value = _status(f"{told}. Reason: {reason.value}")

        return clicked

    reason.observe(typed, names="value")
    approve.on_click(decided(desk.approve, "Approved"))
    reject.on_click(decided(desk.reject, "Rejected"))
    trial = decided(desk.approve, "Approved as a trial", target="experimental")
    canary.on_click(trial)
    panel = ipywidgets.VBox([heading, reason, ipywidgets.HBox(buttons), status])
    panel.add_class("lc-approve")
    return panel


def _status(text: str, *, role: str = "status") -> str:
    return f'<div role="{role}" aria-live="polite">{markup.paragraph(text)}</div>'
