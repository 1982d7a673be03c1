"""Rules are tables of their own, closed, and told what is wrong in a sentence."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from lifecycle import config, errors

MODEL = """
[models.leads]
owner = "Dana Weber <dana@example.com>"
task = "binary"
id = "lead_id"
time = "created_at"
outcome = "won"
label_delay_days = 42

[models.leads.features]
numeric = ["visits"]
"""


def model(directory: Path, text: str) -> config.Model:
    (directory / config.FILE).write_text(MODEL + text)
    return config.load(directory).models["leads"]


def problems(directory: Path, text: str) -> tuple[str, ...]:
    with pytest.raises(errors.SettingsError) as caught:
        model(directory, text)
    return caught.value.problems


def test_a_model_without_rules_has_the_three_that_all_have(tmp_path: Path) -> None:
    watched = model(tmp_path, "").watched
    assert list(watched) == ["accuracy", "drift", "overdue"]
    assert (watched["accuracy"].below, watched["accuracy"].severity) == (
        0.70,
        "critical",
    )
    assert watched["drift"].severity == "warning"
    assert math.isnan(watched["drift"].threshold)
    assert {rule.close_after for rule in watched.values()} == {1}


def test_drift_can_be_switched_off(tmp_path: Path) -> None:
    assert list(model(tmp_path, "[models.leads.alerts]\ndrift = false").watched) == [
        "accuracy",
        "overdue",
    ]


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("", 14.0),
        ("[models.leads.renewal]\noverdue_days = 30", 30.0),
        ("[models.leads.rules.overdue]\nabove = 3", 3.0),
        ("[models.leads.release]\nautomatic = false", None),
        (
            "[models.leads.release]\nautomatic = false\n"
            '[models.leads.schedule]\ndecide = "0 6 * * 1"',
            14.0,
        ),
    ],
)
def test_a_renewal_can_be_overdue_where_something_is_to_renew_the_model(
    text: str, days: float | None, tmp_path: Path
) -> None:
    rule = model(tmp_path, text).watched.get("overdue")
    assert (rule and rule.above) == days


def test_a_rule_is_named_by_its_table_and_need_not_repeat_what_it_watches(
    tmp_path: Path,
) -> None:
    watched = model(
        tmp_path,
        """
[models.leads.alerts]
accuracy_below = 0.75
close_after = 3
[models.leads.rules.no_data]
above = 2
severity = "critical"
[models.leads.rules.calls]
watch = "kpi"
event = "called"
measure = "share"
below = 0.4
margin = 0.02
close_after = 2
severity = "info"
""",
    ).watched
    assert list(watched) == ["accuracy", "drift", "overdue", "no_data", "calls"]
    assert watched["accuracy"].below == 0.75
    assert watched["no_data"].watch == "no_data"
    assert (watched["no_data"].side, watched["no_data"].threshold) == ("above", 2)
    assert (watched["calls"].side, watched["calls"].threshold) == ("below", 0.4)
    assert [rule.close_after for rule in watched.values()] == [3, 3, 3, 3, 2]


def test_a_rule_of_the_same_name_takes_the_place_of_the_usual_one(
    tmp_path: Path,
) -> None:
    watched = model(
        tmp_path,
        '[models.leads.rules.accuracy]\nseverity = "info"\nmargin = 0.02\n'
        "[models.leads.rules.drift]\nclose_after = 4\n",
    ).watched
    assert list(watched) == ["accuracy", "drift", "overdue"]
    assert (watched["accuracy"].below, watched["accuracy"].severity) == (0.7, "info")
    assert watched["drift"].close_after == 4


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        (
            "[models.leads.rules.floor]\nbelow = 0.7",
            "rules.floor.watch is missing; say what the rule watches: accuracy, ",
        ),
        (
            '[models.leads.rules.floor]\nwatch = "acuracy"\nbelow = 0.7',
            "rules.floor.watch: input should be 'accuracy', ",
        ),
        (
            "[models.leads.rules.recall]\nbelow = 0.7\nabove = 0.9",
            "rules.recall: has both below and above; make two rules of it",
        ),
        (
            "[models.leads.rules.recall]\nclose_after = 2",
            "rules.recall: has no threshold; add below = 0.70",
        ),
        (
            "[models.leads.rules.drop]\nbelow = 0.05",
            "rules.drop: drop takes no below; write above = 0.05 for five points",
        ),
        (
            "[models.leads.rules.drift]\nabove = 0.1",
            "rules.drift: drift takes no above: drift_floor and",
        ),
        (
            "[models.leads.rules.kpi]\nbelow = 0.4",
            'rules.kpi: watches no event; add event = "called"',
        ),
        (
            '[models.leads.rules.drop]\nabove = 0.4\nevent = "called"',
            "rules.drop: drop takes no event; take it out",
        ),
        (
            '[models.leads.rules.drop]\nabove = 0.4\nseverty = "info"',
            "rules.drop.severty is not a setting; did you mean severity?",
        ),
        (
            '[models.leads.rules.drop]\nabove = 0.4\nseverity = "loud"',
            "rules.drop.severity: input should be 'info', 'warning' or 'critical'",
        ),
        (
            '[models.leads.rules."../x"]\nwatch = "drift"',
            "a rule's name is lower-case letters, digits, - and _; rename the table",
        ),
        (
            "[models.leads.rules.drop]\nabove = inf",
            "rules.drop.above: input should be a finite number",
        ),
        (
            "[models.leads.rules.drop]\nabove = 0.1\nmargin = -1",
            "rules.drop.margin: input should be greater than or equal to 0",
        ),
        (
            "[models.leads.alerts]\nescalate_after_days = 3",
            'alerts: escalate_after_days needs somebody to go to; add deputy = "Name',
        ),
        (
            '[models.leads.alerts]\nnotify_deputy = ["${BEN}"]',
            'alerts: notify_deputy has addresses of nobody; add deputy = "Name',
        ),
        (
            "[models.leads.alerts]\nfalse_alarms_per_year = 0",
            "alerts.false_alarms_per_year: input should be greater than 0",
        ),
    ],
)
def test_a_wrong_rule_is_one_sentence_with_key_and_remedy(
    tmp_path: Path, table: str, sentence: str
) -> None:
    (said,) = problems(tmp_path, table)
    assert said.startswith("lifecycle.toml: models.leads.")
    assert sentence in said


@pytest.mark.parametrize(
    "told",
    [
        '"mailto://anna:hunter2@example.com"',
        '["mailto//anna:hunter2@example.com"]',
        '["json://ok.example", "anna hunter2"]',
        '[["mailto://anna:hunter2@example.com"]]',
        '{ mail = "mailto://anna:hunter2@example.com" }',
    ],
)
def test_an_address_is_never_repeated_in_an_error(tmp_path: Path, told: str) -> None:
    for key in ("notify", "notify_deputy"):
        (said,) = problems(
            tmp_path, f'[models.leads.alerts]\ndeputy = "Ben"\n{key} = {told}\n'
        )
        assert "hunter2" not in said
        assert f"alerts.{key}" in said
        assert "${ANNA_MAIL}" in said


def test_addresses_are_hidden_wherever_settings_are_shown(tmp_path: Path) -> None:
    held = model(
        tmp_path,
        '[models.leads.alerts]\nnotify = ["mailto://anna:hunter2@example.com", '
        '"${ANNA_CHAT}"]\n',
    )
    assert len(held.alerts.notify) == 2
    shown = f"{held!r} {held} {held.model_dump()} {held.model_dump_json()}"
    assert "hunter2" not in shown


def test_a_file_of_rules_has_the_shape_of_the_settings(tmp_path: Path) -> None:
    path = tmp_path / "strict.toml"
    path.write_text(
        "[alerts]\naccuracy_below = 0.8\ndrift = false\n[rules.drop]\nabove = 0.05\n"
    )
    told = config.load_rules(path)
    assert list(told.watched) == ["accuracy", "drop"]
    assert told.watched["accuracy"].below == 0.8
    same = model(
        tmp_path,
        "[models.leads.alerts]\naccuracy_below = 0.8\ndrift = false\n"
        "[models.leads.rules.drop]\nabove = 0.05\n",
    )
    asked = {name: each for name, each in same.watched.items() if name != "overdue"}
    assert asked == told.watched


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[rules.drop]\nbelow = 1", "mine.toml: rules.drop: drop takes no below; "),
        ("[rule.drop]\nabove = 1", "mine.toml: rule is not a setting; did you mean ru"),
        (
            "[alerts]\ndrft = 1",
            "mine.toml: alerts.drft is not a setting; did you mean ",
        ),
        ("[alerts\n", "mine.toml: this is not TOML"),
    ],
)
def test_a_wrong_file_of_rules_names_the_file(
    tmp_path: Path, text: str, sentence: str
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(errors.SettingsError) as caught:
        config.load_rules(path)
    assert sentence in caught.value.problems[0]


def test_a_file_of_rules_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(errors.SettingsError, match="No such file or directory; check"):
        config.load_rules(tmp_path / "none.toml")
