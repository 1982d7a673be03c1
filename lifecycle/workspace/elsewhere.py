"""Models served elsewhere: the hooks of the settings are told of every move."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from lifecycle import alerts, errors, findings, hooks
from lifecycle.workspace import exchange, ownership

if TYPE_CHECKING:
    from lifecycle import config
    from lifecycle.promotion import Move
    from lifecycle.registry import Registry
    from lifecycle.workspace.desk import Workspace

__all__ = ["after", "begin", "deliver", "named", "retry", "states", "test", "troubles"]

RULE = "hook"
_AT_ONCE = timedelta(seconds=1)  # of older rows that a move still waits for


@dataclass(frozen=True, slots=True)
class _Unset:
    """A receiver that cannot be reached until the environment is mended."""

    problem: str
    timeout: float = field(default=0.0, repr=False)

    def send(self, news: hooks.News, *, at: datetime) -> None:
        """Refuse."""
        raise hooks.NotTaken(self.problem)

    def test(self, *, at: datetime) -> str:
        """Refuse."""
        raise hooks.NotTaken(self.problem)


def named(workspace: Workspace) -> list[hooks.Hook]:
    """The hooks of the settings; their secrets are read from the environment now."""
    return [
        hooks.Hook(
            name,
            _receiver(workspace, told),
            models=told.models,
            moves=told.moves,
            people=told.people,
            attempts=told.retries + 1,
            since=told.since_seq,
        )
        for name, told in workspace.settings.hooks.items()
    ]


def _receiver(workspace: Workspace, told: config.Hook) -> hooks.Receiver:
    try:
        if told.kind == "command":
            return hooks.Command(
                told.command, folder=workspace.directory, timeout=told.timeout_seconds
            )
        if told.kind == "webhook":
            return hooks.Webhook(
                _address(told.url),
                secret=_held(told.secret_env or "", "the secret"),
                key=told.key_id,
                timeout=told.timeout_seconds,
            )
        return hooks.Aliases(
            _address(told.tracking_uri),
            aliases=told.aliases,
            registered=told.registered_model,
            timeout=told.timeout_seconds,
            pack=exchange.packed(workspace) if told.publish else None,
        )
    except hooks.NotTaken as error:
        return _Unset(str(error))


def _address(told: Any) -> str:
    text = "" if told is None else told.get_secret_value()
    if text.startswith("${"):
        return _held(text[2:-1], "the address")
    return text


def _held(name: str, what: str) -> str:
    value = os.environ.get(name, "").strip()
    if not value:
        raise hooks.NotTaken(f"the environment has no {name}; set it to {what}")
    return value


def begin(workspace: Workspace, registry: Registry) -> None:
    """Let hooks that are new in the settings begin with the next row of the ledger.

    Done whenever a registry is opened: a move that is made by whoever has read these
    settings is after it. A book that cannot be written to begins later.
    """
    with suppress(errors.LifecycleError):
        hooks.begin(registry, named(workspace), workspace.models, at=datetime.now(UTC))


def deliver(
    workspace: Workspace, *, as_of: datetime | str | None = None
) -> hooks.Delivery:
    """Tell the hooks of the settings what they have not been told and is due.

    Retries go by the clock, also in a workspace whose settings have an `as_of`: what
    serves elsewhere is not simulated. A hook that fails is an alert (rule "hook") of
    the model's owner, opened at `as_of`, and over when it has taken the move.

    Parameters
    ----------
    workspace : Workspace
    as_of : datetime or ISO text, optional
        The moment of the alerts.

    Returns
    -------
    hooks.Delivery
    """
    return _deliver(workspace, workspace.models, as_of=as_of)


def after(workspace: Workspace, move: Move) -> Move:
    """Tell the hooks of a move that was just made, and give it back.

    It was made before, in its own transaction: no hook undoes it, and what a hook does
    not take now is told again by `deliver`. The caller waits for as long as the hooks
    of the model take, each at most its `timeout_seconds`.
    """
    if workspace.settings.hooks:
        with suppress(errors.LifecycleError, OSError):
            _deliver(workspace, [move.model], as_of=move.entry.at, budget=_AT_ONCE)
    return move


def _deliver(
    workspace: Workspace,
    models: Sequence[str],
    *,
    as_of: datetime | str | None,
    budget: timedelta = timedelta(minutes=5),
) -> hooks.Delivery:
    if not workspace.settings.hooks:
        return hooks.Delivery()
    known = named(workspace)
    done = hooks.deliver(
        workspace.registry, known, models, at=datetime.now(UTC), budget=budget
    )
    found = hooks.states(workspace.registry, known, models)
    _tell_owners(workspace, found, as_of)
    new = {(each.hook, each.seq) for each in done.dead}
    lost = (row for state in found for row in state.lost)
    return replace(done, lost=tuple(r for r in lost if (r.hook, r.seq) not in new))


def _tell_owners(
    workspace: Workspace, found: Sequence[hooks.State], as_of: datetime | str | None
) -> None:
    """An alert for each hook that keeps failing; over when it has taken the move."""
    lasting = {
        (each.model, each.subject)
        for each in alerts.open_alerts(workspace.registry)
        if each.rule == RULE
    }
    at = workspace.moment(as_of)
    for state in found:
        if not state.trouble and (state.model, state.hook) not in lasting:
            continue
        late = float(state.left + len(state.lost))
        row = findings.Finding(
            "moves not taken",
            late,
            int(late),
            threshold=0.0,
            verdict="alert" if state.trouble else "quiet",
            subject=state.hook,
        )
        alerts.update(
            workspace.registry,
            state.model,
            findings.Findings("Hooks", (row,)),
            rule=RULE,
            at=at,
            owner=ownership.ownership(workspace, state.model, as_of=at).owner,
            words=state.sentence and f"{state.model}: {state.sentence}",
        )


def states(workspace: Workspace) -> list[hooks.State]:
    """How far each hook of the settings has come with each model; only read."""
    return hooks.states(workspace.registry, named(workspace), workspace.models)


def troubles(workspace: Workspace) -> list[str]:
    """Each hook that fails or has given up, in a sentence; without those of alerts."""
    if not workspace.settings.hooks:
        return []
    told = {
        (each.model, each.subject)
        for each in alerts.open_alerts(workspace.registry)
        if each.rule == RULE
    }
    said = (
        f"{each.model}: {sentence}"
        for each in states(workspace)
        if (each.model, each.hook) not in told
        for sentence in (each.failure, each.given_up)
        if sentence
    )
    return list(said)


def retry(
    workspace: Workspace,
    hook: str,
    seq: int | None = None,
    *,
    model: str | None = None,
    out_of_order: bool = False,
) -> int:
    """Let rows that a hook had given up wait again; see `hooks.retry`."""
    _one(workspace, hook)
    if model is not None:
        workspace.model(model)
    return len(
        hooks.retry(
            workspace.registry,
            hook,
            seq,
            at=datetime.now(UTC),
            model=model,
            out_of_order=out_of_order,
        )
    )


def test(workspace: Workspace, hook: str) -> str:
    """Whether a hook would be taken: a ping, or a look, that changes nothing."""
    found = next(h for h in named(workspace) if h.name == _one(workspace, hook))
    try:
        return found.receiver.test(at=datetime.now(UTC))
    except hooks.NotTaken as error:
        raise errors.LifecycleError(f"hook {hook}: {error}") from None


def _one(workspace: Workspace, hook: str) -> str:
    if hook in workspace.settings.hooks:
        return hook
    known = ", ".join(workspace.settings.hooks) or "none"
    raise errors.LifecycleError(f"no hook {hook!r} in the settings; there is {known}")
