"""Settings are checked before anything runs, all problems at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from lifecycle import config, errors

GOOD = """
[models.lead-scoring]
owner = "Dana Weber <dana@example.com>"
task = "binary"
id = "lead_id"
time = "created_at"
outcome = "won"
label_delay_days = 42

[models.lead-scoring.features]
numeric = ["visits"]
categorical = ["industry"]
"""


def problems(directory: Path, text: str) -> tuple[str, ...]:
    (directory / config.FILE).write_text(text)
    with pytest.raises(errors.SettingsError) as caught:
        config.load(directory)
    return caught.value.problems


def test_a_model_is_read_with_the_defaults_the_docs_promise(tmp_path: Path) -> None:
    (tmp_path / config.FILE).write_text(GOOD)
    model = config.load(tmp_path).models["lead-scoring"]
    assert model.alerts.accuracy_below == 0.70
    assert model.features.names == ("visits", "industry")
    assert model.delay.days == 42
    assert model.schedule.crons() == {}


def test_all_problems_are_told_at_once_with_file_key_and_remedy(
    tmp_path: Path,
) -> None:
    text = GOOD.replace('owner = "Dana Weber <dana@example.com>"\n', "")
    text = text.replace("label_delay_days = 42", 'label_delay_days = "six weeks"')
    said = problems(
        tmp_path, text.replace("[models", "[workspace]\ncolour = 1\n[models", 1)
    )
    assert len(said) == 3
    assert all(sentence.startswith("lifecycle.toml: ") for sentence in said)
    assert any("models.lead-scoring.owner is missing; add owner" in s for s in said)
    assert any("label_delay_days" in s and "six weeks" in s for s in said)
    assert any("workspace.colour is not a setting" in s for s in said)


def test_a_misspelt_key_is_answered_with_the_nearest_one(tmp_path: Path) -> None:
    text = GOOD + "\n[models.lead-scoring.alerts]\nacuracy_below = 0.7\n"
    (said,) = problems(tmp_path, text)
    assert "did you mean accuracy_below?" in said


def test_a_blank_owner_is_no_owner(tmp_path: Path) -> None:
    (said,) = problems(tmp_path, GOOD.replace("Dana Weber <dana@example.com>", "  "))
    assert "owner" in said
    assert "name a person" in said


@pytest.mark.parametrize("column", ["won", "lead_id", "created_at", "closed_at"])
def test_a_model_may_not_read_its_own_outcome_id_or_time(
    tmp_path: Path, column: str
) -> None:
    text = GOOD.replace("label_delay", 'outcome_time = "closed_at"\nlabel_delay')
    (said,) = problems(tmp_path, text.replace('"visits"', f'"{column}"'))
    assert column in said
    assert "take it out of features" in said


def test_a_feature_may_not_take_a_name_of_the_log(tmp_path: Path) -> None:
    (said,) = problems(tmp_path, GOOD.replace('"visits"', '"role"'))
    assert "rename the column" in said


def test_a_feature_named_twice_is_told(tmp_path: Path) -> None:
    (said,) = problems(tmp_path, GOOD.replace('"industry"', '"visits"'))
    assert "named twice" in said


def test_text_that_is_not_toml_names_the_line(tmp_path: Path) -> None:
    (said,) = problems(tmp_path, "[workspace\n")
    assert "not TOML" in said
    assert "line 1" in said


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ('task = "binary"', 'task = "binary"\nthreshold = 1.5', "threshold"),
        (
            "[models.lead-scoring]",
            '[workspace]\ntimezone = "Mars"\n[models.lead-scoring]',
            "Mars",
        ),
        (
            "[models.lead-scoring]",
            "[workspace]\nas_of = 2024-01-01T00:00:00\n[models.lead-scoring]",
            "time zone",
        ),
        ('task = "binary"', 'task = "oracle"', "binary"),
        (
            "[models.lead-scoring]",
            '[workspace]\ntimezone = "Europe"\n[models.lead-scoring]',
            "time zone",
        ),
        ("label_delay_days = 42", "label_delay_days = inf", "label_delay_days"),
        ("label_delay_days = 42", "label_delay_days = 1e9", "label_delay_days"),
        (
            "[models.lead-scoring.features]",
            "[models.lead-scoring.costs]\nretrain = inf\n"
            "[models.lead-scoring.features]",
            "retrain",
        ),
        (
            "[models.lead-scoring.features]",
            "[models.lead-scoring.costs]\nfalse_positive = 0\nfalse_negative = 0\n"
            "[models.lead-scoring.features]",
            "one of them must cost something",
        ),
        (
            "[models.lead-scoring.features]",
            "[models.lead-scoring.release]\nspans = []\n[models.lead-scoring.features]",
            "release.spans: names no span; list at least one in chunks, 0 for all rows",
        ),
    ],
)
def test_values_out_of_range_are_told(
    tmp_path: Path, old: str, new: str, word: str
) -> None:
    (said,) = problems(tmp_path, GOOD.replace(old, new, 1))
    assert word in said


def test_a_cron_expression_has_five_fields(tmp_path: Path) -> None:
    text = GOOD + '\n[models.lead-scoring.schedule]\naudit = "monday"\n'
    (said,) = problems(tmp_path, text)
    assert "'0 6 * * 1'" in said


def test_the_name_of_a_model_is_no_path(tmp_path: Path) -> None:
    said = problems(tmp_path, GOOD.replace("models.lead-scoring", 'models."../x"'))
    assert any("lower-case letters" in s for s in said)


def test_a_reference_period_starts_before_it_ends(tmp_path: Path) -> None:
    text = (
        GOOD
        + "\n[models.lead-scoring.reference]\nstart = 2023-01-01\nend = 2022-01-01\n"
    )
    (said,) = problems(tmp_path, text)
    assert "swap them" in said


def test_the_workspace_around_a_directory_is_found_like_git_does(
    tmp_path: Path,
) -> None:
    (tmp_path / config.FILE).write_text(GOOD)
    inside = tmp_path / "a b" / "c"
    inside.mkdir(parents=True)
    assert config.find(inside) == tmp_path.resolve()


def test_without_a_workspace_the_sentence_names_init(tmp_path: Path) -> None:
    with pytest.raises(errors.SettingsError, match="lifecycle init"):
        config.find(tmp_path)


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / config.FILE).write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert list(config.load(tmp_path).models) == ["lead-scoring"]
