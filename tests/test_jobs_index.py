"""The index: how the fleet stands, whatever the models are called."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from lifecycle import figures
from lifecycle.jobs.index import (
    AlertLine,
    MoveLine,
    ReportLink,
    Row,
    VersionLine,
    saying,
    write,
    write_model,
)

NOW = datetime(2023, 10, 9, 6, tzinfo=UTC)
HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "javascript:alert(1)",
    "lone \ud800 half",
]


class Seen(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def links(self) -> list[str]:
        return [about["href"] for _, about in self.elements if "href" in about]


def page(directory: Path, *rows: Row, **more: object) -> Seen:
    written = write(directory, rows, generated=NOW, **more)  # type: ignore[arg-type]
    return Seen(written.read_text(encoding="utf-8"))


def alert(model: str = "leads", **more: str) -> AlertLine:
    return AlertLine(model, "accuracy", f"{model}: accuracy is 62%.", NOW, **more)


def test_what_else_is_to_know_of_an_alert_stands_below_its_owner() -> None:
    told = alert(owner="Ana", also="Rui was asked, silent until 2023-10-20")
    shown = saying._taken(told)
    assert "not acknowledged, Rui was asked, silent until 2023-10-20" in shown
    by = saying._taken(alert(acknowledged_by="Ben", also="<i>"))
    assert "acknowledged by Ben, &lt;i&gt;" in by


def test_a_page_without_models_says_what_to_do(tmp_path: Path) -> None:
    seen = page(tmp_path)
    assert "No models yet." in seen.text
    assert "[models.NAME]" in seen.text
    assert "Nothing has happened yet." in seen.text


def test_a_row_tells_how_its_model_stands(tmp_path: Path) -> None:
    course = figures.sparkline([0.8, 0.6], name="accuracy", unit="%")
    row = Row(
        "leads",
        "Ada",
        "alert",
        production="version 3",
        since="since 2023-06-19",
        value=0.62,
        lower=0.58,
        upper=0.66,
        n=412,
        period="2023-W39",
        course=course,
        alerts=(alert(owner="Ada", severity="critical"),),
        pending=("Version 4 is proposed.",),
        reports=(ReportLink("audit", NOW, "leads/x/audit.html", "alert"),),
        next_run=NOW + timedelta(days=7),
    )
    seen = page(tmp_path, row)
    for words in (
        *("leads", "Ada", "Alert", "version 3", "since 2023-06-19", "62.0% accuracy"),
        *("58.0% to 66.0%, n 412", "2023-W39", "1 alert", "1 proposal", "2023-10-16"),
        *("leads: accuracy is 62%.", "critical", "not acknowledged"),
        *("Version 4 is proposed.", "1 model: leads has open alerts."),
        "1 proposal waits for a person.",
    ):
        assert words in seen.text, words
    assert "leads/x/audit.html" in seen.links
    assert any(about.get("alt") == course.alt for _, about in seen.elements)


def test_an_unknown_value_is_not_a_number(tmp_path: Path) -> None:
    seen = page(tmp_path, Row("leads"))
    assert "not known yet" in seen.text
    assert "nan" not in seen.text
    assert "Undefined" in seen.text


def test_models_with_alerts_come_first(tmp_path: Path) -> None:
    seen = page(
        tmp_path, Row("a", verdict="quiet"), Row("b"), Row("z", verdict="alert")
    )
    fleet = seen.text.partition("Fleet")[2]
    assert fleet.index("z") < fleet.index("Quiet") < fleet.index("Undefined")


@pytest.mark.parametrize(
    ("alerting", "sentence"),
    [
        (0, "5 models: none has open alerts."),
        (1, "5 models: m0 has open alerts."),
        (2, "5 models: m0 and m1 have open alerts."),
        (3, "5 models: m0, m1 and m2 have open alerts."),
        (4, "5 models: 4 have open alerts."),
    ],
)
def test_the_answer_names_whom_to_look_at(
    tmp_path: Path, alerting: int, sentence: str
) -> None:
    rows = [
        Row(f"m{k}", alerts=(alert(f"m{k}"),) if k < alerting else ()) for k in range(5)
    ]
    assert sentence in page(tmp_path, *rows).text


def test_a_model_below_what_was_asked_is_named_without_an_open_alert(
    tmp_path: Path,
) -> None:
    text = page(tmp_path, Row("left", verdict="alert"), Row("kept")).text
    assert "2 models: left does not hold what was asked at the last run." in text
    assert "none has open alerts" not in text


def test_reasons_read_as_sentences_and_owners_by_their_name(tmp_path: Path) -> None:
    move = MoveLine(NOW, "leads", "approve version 2", "Ada", "tested, we go live")
    row = Row("leads", "Ada Byron <ada@bank.example>")
    text = page(tmp_path, row, history=[move]).text
    assert "Tested, we go live." in text
    assert "Ada Byron" in text
    assert "ada@bank.example" not in text


def test_an_open_alert_colours_the_head_even_if_the_state_is_quiet(
    tmp_path: Path,
) -> None:
    seen = page(tmp_path, Row("a", verdict="quiet", alerts=(alert("a"),)))
    assert any("page-alert" in about.get("class", "") for _, about in seen.elements)


def test_links_lead_to_files_with_spaces_and_signs(tmp_path: Path) -> None:
    path = "my leads #1?/2023-10-09T06:00/audit & more.html"
    target = tmp_path / path
    target.parent.mkdir(parents=True)
    target.touch()
    link = ReportLink("audit", NOW, path)
    move = MoveLine(NOW, "leads", "audit", path=path)
    seen = page(tmp_path, Row("leads", reports=(link,)), history=[move])
    found = [href for href in seen.links if not href.startswith("#")]
    assert len(found) == 2
    for href in found:
        assert not {" ", "?", "#"} & set(href)
        assert (tmp_path / unquote(href)).exists()


def test_four_reports_are_shown_and_a_failed_one_says_so(tmp_path: Path) -> None:
    links = tuple(
        ReportLink(
            f"n{k}", NOW, f"n{k}.html", status="failed" if k == 3 else "succeeded"
        )
        for k in range(6)
    )
    seen = page(tmp_path, Row("leads", reports=links))
    assert [href for href in seen.links if href.startswith("n")] == [
        "n0.html",
        "n1.html",
        "n2.html",
        "n3.html",
    ]
    assert "Failed" in seen.text


def test_history_is_newest_first_and_capped_with_a_sentence(tmp_path: Path) -> None:
    moves = [
        MoveLine(NOW + timedelta(hours=k), "leads", f"move {k}.", "Ada", f"why {k}.")
        for k in range(41)
    ]
    seen = page(tmp_path, Row("leads"), history=moves)
    assert seen.text.index("move 40.") < seen.text.index("move 10.")
    assert "move 0." not in seen.text
    assert "The newest 40 of 41 moves; each model's own page" in seen.text


def test_more_than_a_hundred_models_go_on_on_a_second_page(tmp_path: Path) -> None:
    rows = [Row(f"m{k:03d}", verdict="quiet") for k in range(150)]
    seen = page(tmp_path, *rows)
    assert "m099" in seen.text
    assert "m100" not in seen.text
    assert "index-2.html" in seen.links
    second = Seen((tmp_path / "index-2.html").read_text(encoding="utf-8"))
    assert "m100" in second.text
    assert "m099" not in second.text
    assert "index.html" in second.links


def test_what_a_model_earned_stands_where_a_price_is_set(tmp_path: Path) -> None:
    priced = Row(
        "leads",
        money=12_400.0,
        money_lower=11_000.0,
        money_upper=13_800.0,
        currency="USD",
        money_period="2023-W35 to 2023-W39",
    )
    seen = page(tmp_path, priced, Row("other"))
    for words in ("Earned", "$12,400", "$11,000 to $13,800", "2023-W35 to 2023-W39"):
        assert words in seen.text, words
    assert "Earned" not in page(tmp_path, Row("other")).text


def test_of_one_moment_what_was_given_later_is_newer(tmp_path: Path) -> None:
    moves = [MoveLine(NOW, "leads", what) for what in ("proposed", "approved")]
    text = page(tmp_path, Row("leads"), history=moves).text
    assert text.index("approved") < text.index("proposed")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_are_names(tmp_path: Path, text: str) -> None:
    seen = page(
        tmp_path,
        Row(
            text,
            text,
            text,
            text,
            text,
            0.5,
            unit=text,
            measure=text,
            period=text,
            alerts=(AlertLine(text, text, text, NOW, text, text, text),),
            pending=(text,),
            reports=(ReportLink(text, NOW, text, text, text),),
        ),
        title=text,
        history=[MoveLine(NOW, text, text, text, text, text, text)],
        notes=[text],
        chart=figures.Picture(f"<svg>{text}</svg>", text),
    )
    allowed = {"html", "head", "meta", "title", "style", "body", "a", "div", "header"}
    allowed |= {"h1", "h2", "p", "main", "section", "figure", "img", "table", "thead"}
    allowed |= {"tbody", "tr", "th", "td", "small", "span", "ul", "li", "strong"}
    assert {tag for tag, _ in seen.elements} <= allowed | {"footer"}
    for _, about in seen.elements:
        assert not [name for name in about if name.startswith("on")]
        assert about.get("src", "data:image/svg").startswith("data:image/svg")
    for href in seen.links:
        assert href.startswith("#") or ":" not in href


def test_the_page_is_whole_the_same_again_and_alone(tmp_path: Path) -> None:
    place = tmp_path / "with space"
    first = write(place, [Row("leads")], generated=NOW).read_bytes()
    assert write(place, [Row("leads")], generated=NOW).read_bytes() == first
    assert [path.name for path in place.iterdir()] == ["index.html"]
    assert b"<script" not in first
    assert b"default-src 'none'" in first


def test_a_chart_and_its_notes_stand_before_the_fleet(tmp_path: Path) -> None:
    chart = figures.versus({"managed": (["W1"], [0.8])}, title="Accuracy")
    seen = page(tmp_path, Row("leads"), chart=chart, notes=["It came back."])
    assert seen.text.index("It came back.") < seen.text.index("Fleet")
    assert any(about.get("alt") == chart.alt for _, about in seen.elements)


# -- the pages of one model ------------------------------------------------------


def life(directory: Path, **more: object) -> Seen:
    row = Row("leads", "Ada", "quiet", "version 3", path="leads/index.html")
    written = write_model(directory, row, generated=NOW, **more)  # type: ignore[arg-type]
    assert written == directory / "leads" / "index.html"
    return Seen(written.read_text(encoding="utf-8"))


def test_a_models_page_tells_its_versions_reports_and_moves(tmp_path: Path) -> None:
    version = VersionLine(
        3, "boosted_trees", "production", NOW, ("since 2023-10-01",), "it pays",
        "leads/cards/3.html",
    )  # fmt: skip
    link = ReportLink("audit", NOW, "leads/2023-10-09/audit.html", "alert")
    move = MoveLine(NOW, "leads", "approve version 3", "Ada", "tested")
    seen = life(
        tmp_path,
        versions=[version],
        reports=[link],
        history=[move],
        facts=[("Purpose", "Whom to call first")],
    )
    for words in (
        *("version 3", "boosted_trees", "since 2023-10-01", "It pays."),
        *("2023-10-09", "audit", "Alert", "approve version 3", "Tested."),
        "Whom to call first",
    ):
        assert words in seen.text, words
    for target in ("../leads/cards/3.html", "../leads/2023-10-09/audit.html"):
        assert target in seen.links
    assert "../index.html" in seen.links


def test_older_moves_go_on_in_pages_that_stay_as_they_are(tmp_path: Path) -> None:
    moves = [
        MoveLine(NOW + timedelta(hours=k), "leads", f"move {k}.") for k in range(250)
    ]
    first = life(tmp_path, history=moves[:249])
    oldest = (tmp_path / "leads" / "history-1.html").read_bytes()
    again = life(tmp_path, history=moves)
    assert (tmp_path / "leads" / "history-1.html").read_bytes() == oldest
    assert "history-1.html" in first.links
    assert "move 249." in again.text
    assert "history-2.html" in again.links
    told = [
        Seen((tmp_path / "leads" / f"history-{k}.html").read_text("utf-8")).text
        for k in (1, 2)
    ]
    whole = "".join((*told, again.text))
    assert all(f"move {k}." in whole for k in range(250))
    assert "move 0." in told[0]
    assert "move 99." in told[0]
    assert "move 100." in told[1]


def test_a_page_whose_bytes_are_there_is_left_alone(tmp_path: Path) -> None:
    life(tmp_path)
    path = tmp_path / "leads" / "index.html"
    before = path.stat().st_ino
    life(tmp_path)
    assert path.stat().st_ino == before


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_on_a_models_page_are_words(tmp_path: Path, text: str) -> None:
    move = MoveLine(NOW, text, text, text, text, text, text)
    seen = life(
        tmp_path,
        versions=[VersionLine(1, text, text, NOW, (text,), text, text)],
        reports=[ReportLink(text, NOW, text, text, text)],
        history=[move],
        facts=[(text, text)],
        life=figures.Picture(f"<svg>{text}</svg>", text),
    )
    assert not {"script", "svg", "iframe"} & {tag for tag, _ in seen.elements}
    for _, about in seen.elements:
        assert not [name for name in about if name.startswith("on")]
        assert about.get("src", "data:image/svg").startswith("data:image/svg")


def test_runs_that_were_lost_or_wait_are_loud_and_skipped_ones_have_no_page(
    tmp_path: Path,
) -> None:
    told = [
        MoveLine(NOW, "leads", f"drift {state}", path="", verdict=state)
        for state in ("lost", "waiting", "skipped")
    ]
    html = write(tmp_path, [Row("leads")], generated=NOW, history=told).read_text()
    assert '<span class="lc-badge lc-alert">Lost</span>' in html
    assert '<span class="lc-badge lc-pending">Waiting</span>' in html
    assert '<span class="lc-badge lc-undefined">Skipped</span>' in html
    assert "href" not in html.partition('id="history"')[2]


def test_the_pages_follow_the_readers_locale(tmp_path: Path) -> None:
    row = Row("leads", "Ada", value=0.8123, n=1400, path="leads/index.html")
    pages = [
        write(tmp_path, [row], generated=NOW, locale="de"),
        write_model(tmp_path, row, generated=NOW, locale="de"),
    ]
    for page in pages:
        html = page.read_text("utf-8")
        assert '<html lang="de">' in html
        assert "81,2\xa0%" in html
        assert "09.10.2023" in html
        assert ">Verlauf<" in html
    assert "n 1.400" in pages[0].read_text("utf-8")
