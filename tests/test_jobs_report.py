"""Reports: the verdict first, nothing that runs or fetches, no paths of ours."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from nbformat import from_dict, v4, write

from lifecycle import figures, markup
from lifecycle.findings import Finding, Findings
from lifecycle.jobs import report
from lifecycle.jobs.record import Todo
from lifecycle.jobs.report import outline
from lifecycle.jobs.report.outputs import plain
from lifecycle.jobs.report.paths import without_paths
from lifecycle.jobs.report.sanitise import sanitise
from lifecycle.jobs.report.steps import following

HEADER = {"Model": "leads", "Owner": "Ada", "Version": 3, "As of": "2023-10-09"}
HOSTILE = [
    "<script>document.title='PWNED'</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    '<a href="javascript:alert(1)">go</a>',
    '<iframe src="https://evil.example"></iframe>',
    '<form action="https://evil.example"><input></form>',
    "<style>@import url(https://evil.example/x.css); * { display: none }</style>",
    '<link rel="stylesheet" href="https://evil.example/x.css">',
    '<meta http-equiv="refresh" content="0;url=https://evil.example">',
    '<base href="https://evil.example/">',
    '<img src="https://evil.example/pixel.png">',
    '<p style="background: url(https://evil.example/x)">x</p>',
    '<div class="page-banner page-quiet">Quiet</div>',
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
]


@dataclass
class Result:
    verdict: str = "alert"
    summary: str = "Accuracy fell to 62%."
    model: str = "leads"
    notebook: str = "page"
    facts: Mapping[str, Any] = field(default_factory=dict)
    changes: tuple[str, ...] = ()
    since: datetime | None = None
    todo: tuple[Todo, ...] = ()


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

    def all(self, tag: str) -> list[dict[str, str]]:
        return [about for name, about in self.elements if name == tag]


def assert_harmless(html: str) -> None:
    tags = {"script", "iframe", "object", "embed", "link", "base", "form", "svg"}
    seen = Seen(html)
    for tag, about in seen.elements:
        assert tag not in tags, tag
        for name, value in about.items():
            assert not name.startswith("on"), (tag, name)
            if name in ("style", "href", "src", "background", "action"):
                assert "url(" not in value
                assert "javascript:" not in value.lower()
        if tag == "meta":
            assert about.get("http-equiv", "") in ("", "Content-Security-Policy")
        if "src" in about:
            assert about["src"].startswith("data:image/")
        if "href" in about:
            assert tag == "a"
    style = "".join(re.findall(r"<style>(.*?)</style>", html, re.S))
    assert "url(" not in style
    assert "@import" not in style
    banners = [a for _, a in seen.elements if "page-banner" in a.get("class", "")]
    assert len(banners) == 1


def shown(**data: Any) -> Any:
    forms = {name.replace("_", "/"): held for name, held in data.items()}
    return v4.new_output("display_data", data=forms)


def html_of(
    tmp_path: Path,
    *cells: Any,
    name: str = "audit",
    status: str = "succeeded",
    record: Any = None,
    **more: Any,
) -> str:
    held = [from_dict(dict(cell) | {"id": f"c{k}"}) for k, cell in enumerate(cells)]
    ipynb = tmp_path / f"{name}.ipynb"
    write(v4.new_notebook(cells=held), ipynb)
    page = tmp_path / f"{name}.html"
    more = {"header": HEADER} | more
    report.render(ipynb, page, status=status, record=record or Result(), **more)
    return page.read_text(encoding="utf-8")


def code(source: str, *outputs: Any, tags: tuple[str, ...] = (), **about: Any) -> Any:
    held = {"tags": list(tags)} | about
    return v4.new_code_cell(source, outputs=list(outputs), metadata=held)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_hostile_runs_wherever_it_stands(tmp_path: Path, text: str) -> None:
    row = Finding(text, 0.5, 3, subject=text, period=text, verdict="alert")
    html = html_of(
        tmp_path,
        v4.new_markdown_cell(f"# {text}\n\n## {text}\n\ntext {text}"),
        v4.new_markdown_cell(f"## b\n\n[go](javascript:alert(1))\n\n```\n{text}\n```"),
        code(text, shown(text_html=text), shown(text_markdown=text)),
        code(text, shown(text_plain=text), shown(text_latex=text)),
        code("1", shown(text_html=Findings(text, (row,), text)._repr_html_())),
        code("1", v4.new_output("stream", name="stdout", text=text)),
        code("1", v4.new_output("stream", name="stderr", text=text)),
        code("1", v4.new_output("error", ename=text, evalue=text, traceback=[text])),
        header={text: text, "title": "", "parameters": {text: text}, "stamp": text},
        record=Result(
            summary=text,
            changes=(text,) * 12,
            since=datetime(2023, 10, 2, tzinfo=UTC),
            todo=(Todo(what=text, who=text), Todo(what=f"`{text}`", who=text)),
        ),
    )
    assert_harmless(html)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_message_or_title_is_text(tmp_path: Path, text: str) -> None:
    html = html_of(
        tmp_path, status="failed", message=text, header={"title": text, "model": text}
    )
    assert_harmless(html)


def test_the_head_says_verdict_summary_and_facts_in_this_order(tmp_path: Path) -> None:
    html = html_of(tmp_path, v4.new_markdown_cell("# Audit\n\nWhy.\n\n## A\n\n## B"))
    text = " ".join(Seen(html.partition("<body")[2]).text.split())
    said = ("Audit", "Alert", "Accuracy fell to 62%.", "Since the last report")
    said += ("What to do", "OwnerAda", "Contents", "Why.")
    places = [text.index(words) for words in said]
    assert places == sorted(places)
    assert html.count("<h1>") == 1
    assert 'http-equiv="Content-Security-Policy"' in html


def test_the_verdict_is_never_taken_from_the_notebook(tmp_path: Path) -> None:
    ipynb = tmp_path / "a.ipynb"
    notebook = v4.new_notebook(cells=[v4.new_markdown_cell("fine")])
    notebook.metadata["papermill"] = {"exception": None, "status": "completed"}
    notebook.metadata["title"] = "All quiet"
    write(notebook, ipynb)
    report.render(
        ipynb, tmp_path / "a.html", header={}, status="timeout", message="10 s were up"
    )
    html = (tmp_path / "a.html").read_text()
    assert "page-banner page-alert" in html
    assert "Time limit reached" in html
    assert "10 s were up." in html
    assert "All quiet" not in html


@pytest.mark.parametrize("verdict", ["alert", "quiet", "undefined"])
def test_the_banner_takes_its_tone_from_the_record(
    tmp_path: Path, verdict: str
) -> None:
    html = html_of(tmp_path, record=Result(verdict))
    assert f"page-banner page-{verdict}" in html
    word = "Not judged" if verdict == "undefined" else verdict.capitalize()
    assert f'<p class="page-word">{word}</p>' in html


@pytest.mark.parametrize("status", ["failed", "timeout", "died"])
def test_a_failed_run_says_so_even_without_a_message(
    tmp_path: Path, status: str
) -> None:
    html = html_of(tmp_path, status=status)
    assert "page-banner page-alert" in html
    assert re.search(r'page-answer">\w[^<]+\.</p>', html)


def test_a_run_that_left_no_notebook_or_half_of_one_has_a_report(
    tmp_path: Path,
) -> None:
    page = tmp_path / "x.html"
    report.render(tmp_path / "x.ipynb", page, header=HEADER, status="died")
    assert "left no notebook" in page.read_text()
    for torn in ['{"cells": [{"cell_ty', "", "[]", '{"cells": [3]}', '{"cells": 1}']:
        (tmp_path / "x.ipynb").write_text(torn)
        report.render(tmp_path / "x.ipynb", page, header=HEADER, status="failed")
        assert "damaged and cannot be shown" in page.read_text(), torn
    (tmp_path / "x.ipynb").write_bytes(b"\xff\xfe\x00")
    report.render(tmp_path / "x.ipynb", page, header=HEADER, status="failed")
    assert "damaged" in page.read_text()


def test_the_same_notebook_gives_the_same_bytes(tmp_path: Path) -> None:
    cells = [v4.new_markdown_cell("# A"), code("1", shown(text_plain="1"))]
    assert html_of(tmp_path, *cells) == html_of(tmp_path, *cells)


def test_three_figures_stay_below_150_kilobytes_with_their_sentences(
    tmp_path: Path,
) -> None:
    rows = [
        Finding("accuracy", 0.8, 400, 0.7, 0.9, 0.7, "quiet", f"2023-W{k:02d}")
        for k in range(1, 53)
    ]
    found = Findings("Performance", tuple(rows), "Fine.")
    data, about = found.plot()._repr_mimebundle_()
    drawing = v4.new_output("display_data", data=data, metadata=about)
    table = shown(text_html=found._repr_html_())
    html = html_of(tmp_path, *(code("x", drawing, table) for _ in range(3)))
    assert len(html) < 150_000
    images = Seen(html).all("img")
    assert len(images) == 3
    assert all(image["alt"].startswith("Performance: accuracy") for image in images)
    assert "2023-W52" in Seen(html).text


def test_a_page_of_all_pictures_of_monitoring_stays_below_150_kilobytes(
    tmp_path: Path,
) -> None:
    weeks = [f"2023-W{k:02d}" for k in range(1, 53)]
    rows = [
        Finding("a", 0.8 - 0.003 * k, 400, 0.7, 0.9, 0.7, "quiet", week, unit="%")
        for k, week in enumerate(weeks)
    ]
    named = [
        Finding("a", 0.1 * k, 90, 0.1 * k - 0.05, 0.1 * k + 0.05, subject=f"plan={k}")
        for k in range(10)
    ]
    panels = [(f"feature {k}", rows[:26]) for k in range(9)]
    pictures = [
        figures.over_time(rows, title="t", measure="a"),
        figures.realised_and_estimated(rows[:40], rows, title="t", measure="a"),
        figures.small_multiples(panels, title="t"),
        figures.forest(named, title="t", measure="a"),
        figures.parts(named[:5], title="t"),
        figures.by_decile(named, title="t", measure="a"),
        figures.compare_counts(range(1000), range(1000), range(1000), title="t"),
    ]
    outputs = []
    for picture in pictures:
        data, about = picture._repr_mimebundle_()
        outputs.append(v4.new_output("display_data", data=data, metadata=about))
    html = html_of(tmp_path, code("x", *outputs))
    assert [image["alt"] for image in Seen(html).all("img")] == [
        picture.alt for picture in pictures
    ]
    assert len(html) < 150_000


def test_an_image_keeps_its_description_and_one_without_says_so(
    tmp_path: Path,
) -> None:
    pixel = (
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9aw"
    )
    told = v4.new_output(
        "display_data",
        data={"image/png": pixel + "AAAABJRU5ErkJggg==\n"},
        metadata={"image/png": {"alt": 'A "dot"', "width": 10}},
    )
    untold = shown(image_png="AAAA", text_plain="<Figure size 640x480>")
    broken = shown(image_png='"><script>alert(1)</script>')
    html = html_of(tmp_path, code("x", told, untold, broken))
    first, second = Seen(html).all("img")
    assert (first["alt"], first["width"]) == ('A "dot"', "10")
    assert second["alt"] == "Figure without a description"
    assert "An image is damaged" in html
    assert_harmless(html)


def test_code_is_folded_and_tags_are_honoured(tmp_path: Path) -> None:
    html = html_of(
        tmp_path,
        code("given = 1", tags=("parameters",)),
        code("given = 2", tags=("injected-parameters",)),
        code("given = 3", tags=("papermill-error-cell-tag",)),
        code("given = 4", tags=("remove-cell",)),
        code("secret = 5", shown(text_plain="five"), tags=("hide-input",)),
        code("secret = 6", shown(text_plain="six"), tags=("remove-input",)),
        code("secret = 7", shown(text_plain="seven"), jupyter={"source_hidden": True}),
        code("open = 8", shown(text_plain="eight")),
        code("open = 9", shown(text_plain="nine"), tags=("hide-output",)),
    )
    assert "given" not in html
    assert "secret" not in html
    for word in ("five", "six", "seven", "eight"):
        assert word in html
    assert "nine" not in html
    assert html.count("<summary>Code</summary>") == 2
    assert "<details open" not in html
    assert "In [" not in html
    assert "Out[" not in html


def test_what_needs_a_script_becomes_a_sentence_or_goes(tmp_path: Path) -> None:
    widget = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}}
    panel = v4.new_output("display_data", data=widget | {"text/plain": "VBox()"})
    plotly = v4.new_output("display_data", data={"application/vnd.plotly.v1+json": {}})
    script = v4.new_output(
        "display_data", data={"application/javascript": "alert('JS')"}
    )
    mermaid = v4.new_output("display_data", data={"text/vnd.mermaid": "graph TD"})
    table = shown(text_html="<script>itables()</script>")
    html = html_of(tmp_path, code("x", panel, plotly, script, mermaid, table))
    assert "A panel stands here when the notebook is open" in html
    assert "VBox" not in html
    assert html.count("An interactive output is left out") == 2
    for gone in ("alert('JS')", "graph TD", "itables()"):
        assert gone not in html


def test_errors_are_announced_with_their_traceback_folded(tmp_path: Path) -> None:
    error = v4.new_output(
        "error",
        ename="InputError",
        evalue="no column 'plan'",
        traceback=["\x1b[0;31mInputError\x1b[0m Traceback", "line 3"],
    )
    html = html_of(tmp_path, code("x", error), status="failed", message="it failed")
    assert (
        '<div class="page-error" role="alert"><p><strong>InputError</strong>: ' in html
    )
    assert "\x1b" not in html
    assert "[0;31m" not in html
    assert html.index("<summary>Where it happened") < html.index("line 3")


def test_messages_are_folded_and_colours_gone(tmp_path: Path) -> None:
    stderr = v4.new_output("stream", name="stderr", text="\x1b[31mcareful\x1b[0m\nb\n")
    html = html_of(tmp_path, code("x", stderr))
    assert "<summary>Messages (2 lines)</summary><pre>careful\nb\n</pre>" in html


def test_the_head_says_what_to_do_next_and_what_to_type(tmp_path: Path) -> None:
    html = html_of(tmp_path, record=Result(notebook="audit"))
    assert "<code>lifecycle run decide leads</code>" in html
    html = html_of(tmp_path, record=Result("quiet"))
    who = '<small class="page-who">Ada</small>'
    assert f"<h2>What to do</h2><p>Nothing needs to be done. {who}</p>" in html
    html = html_of(
        tmp_path, record=Result("quiet"), header=HEADER | {"next": "2023-11-01"}
    )
    assert '<small class="page-who">Ada, next report 2023-11-01</small>' in html
    html = html_of(tmp_path, record=Result(), header=HEADER | {"next": "2023-11-01"})
    assert "<dt>Next" not in html
    facts = {"next": "Look at <b> first: `lifecycle status`"}
    html = html_of(tmp_path, record=Result("quiet", facts=facts))
    assert "Look at &lt;b&gt; first: <code>lifecycle status</code>" in html


def test_the_first_screen_says_what_changed_since_which_report(tmp_path: Path) -> None:
    html = html_of(tmp_path)
    assert "<p>There is no earlier report to compare with.</p>" in html
    since = datetime(2023, 10, 2, tzinfo=UTC)
    html = html_of(tmp_path, record=Result(since=since, changes=("KS rose.", "a < b")))
    assert "<h2>Since the report of 2023-10-02</h2>" in html
    assert "<ul><li>KS rose.</li><li>a &lt; b</li></ul>" in html
    html = html_of(tmp_path, record=Result(since=since, changes=("Fell in 2023-W04.",)))
    assert 'Fell in <span class="lc-nowrap">2023-W04</span>.' in html
    later = html_of(tmp_path, record=Result(since=since.replace(hour=6)))
    assert "Since the report of 2023-10-02 06:00 UTC" in later


def test_a_long_list_is_cut_and_the_rest_is_a_click_away(tmp_path: Path) -> None:
    told = tuple(f"Sentence {k}." for k in range(12))
    since = datetime(2023, 10, 2, tzinfo=UTC)
    html = html_of(tmp_path, record=Result(since=since, changes=told))
    assert "<summary>7 more</summary><ul><li>Sentence 5.</li>" in html


def test_what_is_to_be_done_names_who_and_by_when(tmp_path: Path) -> None:
    todo = (
        Todo(what="Mend the feed: `lifecycle ingest leads`", who="Ada <ada@x.example>"),
        Todo(what="Decide", who="Bo", by=date(2023, 10, 16)),
        Todo(what="Look on"),
    )
    html = html_of(tmp_path, record=Result(notebook="audit", todo=todo))
    text = " ".join(Seen(html.partition("<body")[2]).text.split())
    assert "Mend the feed: lifecycle ingest leads AdaDecide Bo, by 2023-10-16" in text
    assert "<li>Look on</li>" in html
    assert "lifecycle run decide" not in html


def test_the_owner_is_asked_where_nobody_is_named(tmp_path: Path) -> None:
    facts = {"owner": "Ada <ada@x.example>"}
    html = html_of(tmp_path, record=Result(notebook="audit", facts=facts))
    assert '<small class="page-who">Ada</small>' in html


def test_a_run_that_failed_compares_and_asks_nothing(tmp_path: Path) -> None:
    html = html_of(tmp_path, status="failed", message="it failed")
    assert "page-first" not in html.partition("<body")[2]


@pytest.mark.parametrize(
    ("facts", "typed"),
    [
        ({"action": "retrain", "span": 8}, "lifecycle train leads --span 8"),
        ({"action": "rebuild", "recipe": "t"}, "lifecycle train leads --recipe t"),
        ({"action": "roll_back"}, 'lifecycle rollback leads --reason "…"'),
        ({"action": "keep"}, ""),
    ],
)
def test_a_ruling_is_followed_by_its_command(facts: dict[str, Any], typed: str) -> None:
    said = following(Result(notebook="decide", facts=facts))
    assert (f"`{typed}`" in said) if typed else not said


def test_the_head_says_nothing_twice(tmp_path: Path) -> None:
    header = {
        "Model": "leads",
        "Notebook": "audit",
        "Owner": "Ada",
        "parameters": {"workspace": "../..", "as_of": "2023", "weeks": 3},
    }
    seen = Seen(html_of(tmp_path, v4.new_markdown_cell("# Audit"), header=header))
    assert "Notebook" not in seen.text
    assert seen.text.count("leads") == 2  # the window's title and the heading
    assert "weeks = 3" in seen.text
    assert "workspace" not in seen.text


def test_a_cell_left_out_of_the_page_is_shown_when_it_fails(tmp_path: Path) -> None:
    error = v4.new_output("error", ename="E", evalue="no such column", traceback=[])
    html = html_of(tmp_path, code("1/0", error, tags=("remove-cell",)), status="failed")
    assert "no such column" in html
    quiet = code("1", shown(text_plain="seen"), tags=("remove-cell",))
    assert "seen" not in html_of(tmp_path, quiet).split("<body")[1]


def test_a_failed_page_ends_where_the_run_ended(tmp_path: Path) -> None:
    error = v4.new_output("error", ename="E", evalue="no such column", traceback=[])
    cells = [
        v4.new_markdown_cell("## Before"),
        code("1/0", error),
        v4.new_markdown_cell("## After"),
        code("2"),
    ]
    html = html_of(tmp_path, *cells, status="failed", message="cell 2 raised E")
    assert "Cell 2 raised E." in html
    assert "After" not in html
    went_on = [*cells, code("3", shown(text_plain="three"))]
    assert "After" in html_of(tmp_path, *went_on)


def test_no_path_of_this_machine_is_told(tmp_path: Path) -> None:
    place = tmp_path / "my models" / "demo"
    place.mkdir(parents=True)
    said = f"reading {place}/reports/x.csv and /opt/lib/python3/site.py"
    trace = [f'File "{Path(report.__file__)}", line 3', "/tmp/ipykernel_7/12.py in f"]
    html = html_of(
        place,
        v4.new_markdown_cell(f"see {place}/a.md"),
        code(f"open('{place}/b')", v4.new_output("stream", name="stdout", text=said)),
        code("x", shown(text_html=f"<p title='{place}/c'>{place}</p>")),
        code("x", v4.new_output("error", ename="E", evalue=said, traceback=trace)),
        header={"parameters": {"workspace": str(place)}},
        status="failed",
        message=f"could not read {place}/d.csv",
    )
    for piece in (str(tmp_path), "my models", "/opt/", "ipykernel_7", str(Path.home())):
        assert piece not in html, piece
    assert "…/x.csv" in html
    assert "…/d.csv" in html


def test_paths_leave_other_slashes_alone() -> None:
    kept = "1/2/3 and/or https://example.org/a/b n/a 2023/04/01 // and </p>"
    assert without_paths(f"<p>{kept}") == f"<p>{kept}"
    assert without_paths(r"<p>C:\Users\Ada\x.csv") == "<p>…/x.csv"
    assert without_paths("<p>dir=/a/b/c", ()) == "<p>dir=…/c"


def test_contents_list_the_headings_and_lead_there(tmp_path: Path) -> None:
    html = html_of(
        tmp_path,
        v4.new_markdown_cell("# Audit\n\n## By week\n\n### Deep\n\n## By week"),
        code("x", shown(text_html="<h2>not mine</h2>")),
    )
    seen = Seen(html)
    targets = [a["href"] for a in seen.all("a") if "href" in a][1:]
    assert targets == ["#by-week", "#by-week-2"]
    names = {about["id"] for _, about in seen.elements if "id" in about}
    assert {"by-week", "by-week-2", "body"} <= names
    assert 'aria-label="Contents"' in html
    assert [tag for tag, _ in seen.elements if tag == "h1"] == ["h1"]


def test_headings_never_skip_a_level(tmp_path: Path) -> None:
    html = html_of(
        tmp_path, v4.new_markdown_cell("# A\n\n##### deep\n\n# B\n\n#### deeper")
    )
    levels = [int(tag[1]) for tag, _ in Seen(html).elements if re.match(r"h\d$", tag)]
    assert levels[:3] == [1, 2, 2]  # the title, what changed, what to do
    assert levels[3:] == [2, 2, 3]


def test_tables_of_pandas_are_read_and_scroll_in_their_box(tmp_path: Path) -> None:
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"name": ["<b>", "c"], "n": [1200, 7], "x": [0.5, None]})
    html = html_of(tmp_path, code("x", shown(text_html=frame.to_html())))
    assert 'class="lc-scroll"' in html
    assert '<td class="lc-num">1200</td>' in html
    assert '<th class="lc-num" scope="col">n</th>' in html
    assert "<td>&lt;b&gt;</td>" in html


def test_colours_of_a_styler_stay_and_other_sheets_go() -> None:
    good = (
        "<style>#T_a1 th { color: red } #T_a1_row0_col1 { width: 4em; top: 0 }</style>"
    )
    assert sanitise(good) == (
        "<style>#T_a1 th { color: red }\n#T_a1_row0_col1 { width: 4em }\n</style>"
    )
    for bad in (
        "<style>body { display: none }</style>",
        "<style>#T_a { } body { color: red }</style>",
        "<style>#T_a { background: url(x) }</style>",
        "<style>#T_a { color: expression(x) }</style>",
        "<style>#T_a, body { color: red }</style>",
        "<style>@import 'x';</style>",
        "<style>#T_a { color: \\75rl(x) }</style>",
    ):
        assert sanitise(bad) == "", bad


def test_a_painted_cell_can_be_read_in_the_dark() -> None:
    html = sanitise('<p style="background-color: #fde68a">x</p>')
    assert 'style="background-color: #fde68a; color: #1b2027"' in html


def test_our_own_blocks_survive_the_sanitiser() -> None:
    row = Finding("ks", 0.4, 90, 0.3, 0.5, 0.1, "alert", subject="plan")
    drawing = figures.sparkline([1, 2], name="a")
    for block in (
        Findings("Drift", (row,), "Moved.")._repr_html_(),
        markup.card("leads", {"owner": "Ada"}),
        markup.image(drawing.svg, drawing.alt, caption="c"),
        markup.folded("a", "b"),
    ):
        kept = Seen(sanitise(block))
        assert kept.text == Seen(block).text
        assert [tag for tag, _ in kept.elements] == [t for t, _ in Seen(block).elements]
        assert [a.get("class") for _, a in kept.elements] == [
            a.get("class") for _, a in Seen(block).elements
        ]


def test_long_outputs_are_cut_and_huge_ones_left_out(tmp_path: Path) -> None:
    long = v4.new_output("stream", name="stdout", text="a" * 30_000)
    huge = shown(text_html="<p>" + "b" * 500_000)
    html = html_of(tmp_path, code("x", long, huge))
    assert len(html) < 60_000
    assert "10,000 more characters in the executed notebook" in html
    assert "An output of 500 kB is left out" in html


def test_deep_nesting_does_not_bring_the_report_down(tmp_path: Path) -> None:
    deep = "<div>" * 3000 + "bottom" + "</div>" * 3000
    assert "bottom" in html_of(tmp_path, code("x", shown(text_html=deep)))


def test_progress_bars_end_where_they_ended() -> None:
    assert plain("10%\r50%\r100%\ndone\r\n") == "100%\ndone\n"
    assert plain("\x1b]8;;https://x\x07link\x1b]8;;\x07\x00") == "link"


def test_half_of_a_surrogate_pair_is_survived(tmp_path: Path) -> None:
    ipynb = tmp_path / "a.ipynb"
    notebook = v4.new_notebook(cells=[code("x", shown(text_plain="?"))])
    text = json.dumps(notebook).replace('"?"', '"a\\ud800b"')
    ipynb.write_text(text)
    report.render(
        ipynb, tmp_path / "a.html", header={}, status="failed", message="\ud800"
    )
    assert "a?b" in (tmp_path / "a.html").read_text(encoding="utf-8")


def test_the_stamp_stands_at_the_foot_and_nowhere_else(tmp_path: Path) -> None:
    cells = [v4.new_markdown_cell("# A")]
    one = html_of(tmp_path, *cells, header=HEADER | {"stamp": {"run": "1"}})
    two = html_of(tmp_path, *cells, header=HEADER | {"stamp": {"run": "2"}})
    assert one != two
    assert one.replace("run 1", "run 2") == two


def test_only_the_page_is_left_behind(tmp_path: Path) -> None:
    html_of(tmp_path, v4.new_markdown_cell("# A"))
    assert {path.name for path in tmp_path.iterdir()} == {"audit.ipynb", "audit.html"}


def test_boxes_that_would_bear_one_name_are_told_apart() -> None:
    box = '<div role="region" aria-label="Figure" tabindex="0">x</div>'
    body = outline.shape(box * 3).body
    for name in ("Figure", "Figure 2", "Figure 3"):
        assert body.count(f'aria-label="{name}"') == 1, name


def test_a_report_follows_the_readers_locale_and_says_what_is_english(
    tmp_path: Path,
) -> None:
    result = Result("quiet", summary="Accuracy was 81.2% of 1,400.")
    drawn = figures.sparkline([0.5, 0.6], name="accuracy", unit="%")
    shown = v4.new_output(
        "display_data", {"image/svg+xml": drawn.svg}, metadata={"alt": drawn.alt}
    )
    header = HEADER | {"locale": "de", "next": "2023-11-01"}
    html = html_of(tmp_path, code("x = 0.5", shown), record=result, header=header)
    assert '<html lang="de">' in html
    assert "Accuracy was 81,2\xa0% of 1.400." in html
    assert "<h2>Was zu tun ist</h2>" in html
    assert "Ada, nächster Bericht 01.11.2023</small>" in html
    assert "first 50,0\xa0%" in html
    assert "<code>x = 0.5</code>" in html
    assert "locale" not in html
