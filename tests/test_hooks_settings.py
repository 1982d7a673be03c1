"""The settings of hooks: each mistake is a sentence, and no secret is in one."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any, get_args

import pytest

import lifecycle
from lifecycle import config, errors
from lifecycle.config.hooks import Moved
from lifecycle.promotion import accepting
from lifecycle.registry import collecting

MODEL = {
    "owner": "Dana",
    "task": "binary",
    "id": "lead",
    "time": "at",
    "outcome": "won",
    "label_delay_days": 42,
    "features": {"numeric": ["visits"]},
}
COMMAND = {"kind": "command", "command": ["./deploy.sh", "{model}", "{production}"]}
WEBHOOK = {"kind": "webhook", "url": "https://x.example.com/in", "secret_env": "X_KEY"}
MLFLOW = {"kind": "mlflow", "tracking_uri": "https://mlflow.example.com"}


def parsed(**told: Any) -> config.Hook:
    settings = config.parse({"models": {"leads": MODEL}, "hooks": {"deploy": told}})
    return settings.hooks["deploy"]


def refused(**told: Any) -> str:
    with pytest.raises(errors.SettingsError) as caught:
        parsed(**told)
    assert len(caught.value.problems) == 1
    return str(caught.value)


@pytest.mark.parametrize("told", [COMMAND, WEBHOOK, MLFLOW])
def test_each_kind_needs_little(told):
    hook = parsed(**told)
    assert hook.models == ()
    assert hook.people is False
    assert parsed(**told, models=["leads"]).models == ("leads",)


def test_mlflow_moves_the_champion_unless_other_aliases_are_named():
    assert parsed(**MLFLOW).aliases == {"production": "champion"}
    aliases = {"production": "live", "shadow": "dark"}
    assert parsed(**MLFLOW, aliases=aliases).aliases == aliases


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"kind": "mail"}, "hooks.deploy.kind: input should be 'command', 'webhook'"),
        (
            {"kind": "command"},
            'a command needs command; write command = ["./deploy.sh"',
        ),
        ({"kind": "webhook", "secret_env": "X"}, "a webhook needs url; write url ="),
        ({"kind": "webhook", "url": "https://x.example.com"}, "a webhook is signed;"),
        ({"kind": "mlflow"}, "a mlflow needs tracking_uri; write tracking_uri ="),
        ({**COMMAND, "secret_env": "X"}, "a command takes no secret_env; take it out"),
        ({**WEBHOOK, "aliases": {"shadow": "x"}}, "a webhook takes no aliases"),
        (
            {**COMMAND, "models": ["churn"]},
            "hook 'deploy' names model 'churn', which is",
        ),
        ({**COMMAND, "moves": ["aprove"]}, "hooks.deploy.moves.0: input should be"),
        ({**COMMAND, "retrys": 3}, "retrys is not a setting; did you mean retries?"),
        (
            {**WEBHOOK, "secret": "x"},
            "secret is not a setting; did you mean secret_env?",
        ),
        ({**COMMAND, "timeout_seconds": 0}, "timeout_seconds: input should be greater"),
        (
            {**COMMAND, "command": ["d", "{version}"]},
            "word 2 of command has {version},",
        ),
        (
            {**COMMAND, "command": ["d", "{reason}"]},
            "nothing a move tells; there is model",
        ),
        (
            {**COMMAND, "command": ["{model}"]},
            "the program of command is not made from",
        ),
        ({**COMMAND, "command": [" "]}, "command names no program"),
        ({**COMMAND, "command": ["d", "a\0"]}, "word 2 of command holds a zero byte"),
        ({**WEBHOOK, "url": "ftp://x/y"}, "is no address and no ${NAME} of the env"),
        ({**WEBHOOK, "url": "https://"}, "is no address"),
        ({**WEBHOOK, "url": "https://a b/"}, "is no address"),
        ({**WEBHOOK, "url": "https://[::1"}, "is no address"),
        ({**WEBHOOK, "url": 7}, "is no address"),
        ({**MLFLOW, "aliases": {"production": "v3"}}, "'v3' is no alias of MLflow"),
        ({**MLFLOW, "aliases": {"production": "latest"}}, "'latest' is no alias"),
        ({**MLFLOW, "aliases": {}}, "aliases is empty; write aliases ="),
        (
            {**MLFLOW, "aliases": {"production": "a", "shadow": "a"}},
            "alias 'a' stands for two roles",
        ),
        (
            {**MLFLOW, "registered_model": "a'b"},
            "registered_model: string should match",
        ),
    ],
)
def test_a_mistake_is_a_sentence(told, sentence):
    said = refused(**told)
    assert said.startswith("lifecycle.toml: ")
    assert sentence in said


def test_a_hooks_name_is_plain():
    with pytest.raises(errors.SettingsError, match="a hook's name is lower-case"):
        config.parse({"hooks": {"De ploy": COMMAND}})


def test_addresses_may_stand_in_the_environment():
    assert parsed(**{**WEBHOOK, "url": "${X_URL}"}).url.get_secret_value() == "${X_URL}"
    for uri in ("${MLFLOW_URL}", "sqlite:////tmp/x.db", "postgresql+psycopg2://h/db"):
        assert parsed(kind="mlflow", tracking_uri=uri)


@pytest.mark.parametrize(
    "told",
    [
        {**WEBHOOK, "secret_env": "hunter2-of-mine"},
        {**WEBHOOK, "secret_env": "hunter2"},
        {**WEBHOOK, "secret": "hunter2"},
        {**WEBHOOK, "url": "https://me:hunter2@x.example.com"},
        {**WEBHOOK, "url": "gopher://x/?token=hunter2"},
        {**WEBHOOK, "url": ["https://x/?token=hunter2"]},
        {**MLFLOW, "tracking_uri": "postgresql://me:hunter2@h/db"},
        {**MLFLOW, "tracking_uri": "hunter2"},
    ],
)
def test_a_secret_written_here_is_not_in_the_sentence(told):
    said = refused(**told)
    assert "hunter2" not in said
    assert said.startswith("lifecycle.toml: hooks.deploy.")


def test_addresses_are_not_in_what_settings_show():
    hook = parsed(**{**WEBHOOK, "url": "https://x.example.com/?token=hunter2"})
    assert "hunter2" not in repr(hook) + str(hook) + hook.model_dump_json()


def test_every_move_of_the_ledger_can_be_chosen():
    """Each word that the code enters into the ledger is one that settings know."""
    entered = {collecting.MOVE, collecting.HOLD, collecting.RELEASE}
    entered |= {accepting.MOVE, accepting.BACK}
    for path in Path(lifecycle.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func).rpartition(".")[2]
            place = {"enter": 1, "carry_out": 4}.get(called)  # of the move's word
            if place is not None:
                told = node.args[place] if len(node.args) > place else node
                if isinstance(told, ast.IfExp):
                    entered |= {ast.literal_eval(told.body)}
                    entered |= {ast.literal_eval(told.orelse)}
                elif isinstance(told, ast.Constant):
                    entered.add(told.value)
    assert entered == set(get_args(Moved))
