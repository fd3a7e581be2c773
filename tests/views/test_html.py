from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from nbconvert.filters import clean_html

from tests.views.test_records import EMPTY_RECORDS as EMPTY
from tests.views.test_records import RECORDS as FULL
from tests.views.things import DIGEST, EVIL, check, diagnostic, exchange, plugin, pod, shown, verdict, verdicts
from wasmnb.check import Check, Checks
from wasmnb.display import Block, Cell, Column, Record
from wasmnb.mesh import Verdict
from wasmnb.mesh.results import Logs, Pods
from wasmnb.rollout.deployment import Deployment
from wasmnb.session.results import Settings
from wasmnb.traffic import Capture
from wasmnb.views.build import diagnostics_record

EVILS = {
    "pods": lambda: shown(Pods((pod(EVIL, EVIL, EVIL, EVIL),), verdicts=(verdict(name=EVIL),))),
    "verdicts": lambda: shown(verdicts(verdict(Verdict.TRAPPED, EVIL, EVIL, [EVIL]))),
    "deploy": lambda: shown(Deployment(plugin(id=EVIL), (verdict(Verdict.HUNG, reason=EVIL),), False, ((EVIL, 0.1),))),
    "headers": lambda: shown(
        Capture(
            exchange(("a", EVIL), body=EVIL.encode() * 2, notes=[EVIL], pod=EVIL),
            exchange((EVIL, EVIL), body=EVIL.encode()),
        )
    ),
    "diagnostics": lambda: diagnostics_record([diagnostic(message=EVIL, quote=EVIL, column=3)]),
    "logs": lambda: shown(Logs((EVIL,), pod=EVIL)),
    "doctor": lambda: shown(Checks((Check(EVIL, False, EVIL, EVIL), check()))),
    "config": lambda: replace(shown(Settings({EVIL: EVIL})), title=EVIL),
}
EVERY = [
    *(
        pytest.param(make, id=f"{kind}-{name}")
        for kind, all_ in (("full", FULL), ("empty", EMPTY), ("evil", EVILS))
        for name, make in all_.items()
    )
]
GATEWAY = re.compile(r"http://127\.0\.0\.1:\d+")
VOID = {"br", "hr"}
STYLE = re.compile(r"([a-z-]+:(var\(--jp-[a-z0-9-]+,inherit\)|[\w.%() ,-]+);?)+")


class Checker(HTMLParser):
    """Collects what a screen reader and a careful reader of notebooks would object to."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.seen, self.faults, self.texts = [], [], [], []

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))
        # The one link of a record is that of a gateway on this machine, which is nothing that a file fetches.
        gateway = tag == "a" and GATEWAY.fullmatch(dict(attributes).get("href") or "")
        if tag in {"script", "link", "img", "iframe", "object", "form", "input", "button", "a"} and not gateway:
            self.faults.append(f"<{tag}>")
        for name, value in attributes:
            if name.startswith("on") or name == "src" or (name == "href" and not gateway):
                self.faults.append(f"{name}={value}")
            if name == "style" and not STYLE.fullmatch(value):
                self.faults.append(f"{name}={value}")
        # What cleans a notebook for nbconvert shows these tags, and their attributes, as text.
        if tag in {"th", "caption", "thead", "tbody", "p"}:
            self.faults.append(f"<{tag}>")
        if tag == "tr" and self.open[-1:] != ["table"]:
            self.faults.append("a row outside of a table")
        if self.open and self.open[-1] == "table" and tag != "tr":
            self.faults.append(f"<{tag}> in <table>")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing")

    def handle_data(self, data):
        if "style" not in self.open:
            self.texts.append(data)


def checked(html):
    checker = Checker()
    checker.feed(html)
    checker.close()
    assert not checker.open
    assert not checker.faults
    return checker


@pytest.mark.parametrize("make", EVERY)
def test_html_is_well_formed_static_and_readable(make):
    html = make()._repr_html_()
    checker = checked(html)
    tags = [tag for tag, _ in checker.seen]
    tables = [attributes for tag, attributes in checker.seen if tag == "table"]
    heads = [attributes["role"] for tag, attributes in checker.seen if tag == "td" and "role" in attributes]
    assert all(one["role"] == "table" and one["aria-label"] for one in tables)
    assert {"rowheader"} <= set(heads) <= {"columnheader", "rowheader"} if tables else not heads
    assert heads.count("rowheader") == tags.count("tr") - ("columnheader" in heads)
    assert "http:" not in html
    assert "https:" not in html
    assert "url(" not in html
    assert "\x1b" not in html
    assert "\u202e" not in html
    signs = [attributes for tag, attributes in checker.seen if tag == "span" and "sign" in attributes.get("class", "")]
    assert all(attributes.get("aria-hidden") == "true" for attributes in signs)


@pytest.mark.parametrize("make", EVERY)
def test_plain_text_cannot_steer_a_terminal(make):
    assert "\x1b" not in repr(make())
    assert "\u202e" not in repr(make())


@pytest.mark.parametrize("make", EVERY)
def test_what_cleans_a_notebook_for_nbconvert_leaves_a_table_whole(make):
    record = replace(make(), blocks=tuple(replace(block, open=True) for block in make().blocks))
    html = record._repr_html_()
    cleaned = clean_html(html)
    # It parses a table into one with a ``tbody``, and then shows that as text: one tag and its end, whoever wrote it.
    assert re.sub(r"</?tbody>", "", texts(cleaned)) == texts(html)
    assert all(cleaned.count(end) == html.count(end) for end in ("</td>", "</tr>", "</table>"))


def texts(html):
    checker = Checker()
    checker.feed(html)
    checker.close()
    return "".join(checker.texts)


def test_colours_come_from_the_theme():
    html = FULL["headers"]()._repr_html_()
    assert "var(--jp-success-color1,inherit)" in html
    assert not re.search(r'style="[^"]*#', html)


def test_it_is_one_line_without_a_style_sheet_and_small():
    for make in FULL.values():
        html = make()._repr_html_()
        assert "\n" not in html
        assert "<style" not in html
    assert len(Record("t", "fine", "good")._repr_html_()) < 400


def test_what_another_run_would_change_is_not_in_the_text_that_is_saved():
    first = Record(
        "t",
        "done after 3 ms",
        settled="done",
        columns=(Column("a", show=lambda text: Cell(text, fleeting=True)), Column("b")),
        rows=(("3s", "x"),),
    )
    second = replace(first, status="done after 5 ms", rows=(("5s", "x"),), passing=("port 4711",))
    assert first.saved() == second.saved() == "t: done\nA  B\n·  x"
    assert "5 ms" in repr(second)
    assert "port 4711" in repr(second)
    varying = Record(
        "t", columns=(Column("a"), Column("b")), rows=(("date", "now"), ("x", "y")), varying=frozenset({0})
    )
    assert varying.saved() == "t\nA     B\ndate  ·\nx     y"


def test_the_status_is_announced_and_words_stand_beside_signs():
    checker = checked(FULL["deploy"]()._repr_html_())
    assert ("span", {"role": "status"}) in checker.seen
    assert {"✓", "LIVE"} <= {text.strip() for text in checker.texts}


def test_what_is_cut_is_whole_in_the_title():
    checker = checked(shown(verdicts(verdict()))._repr_html_())
    assert ("span", {"title": DIGEST}) in checker.seen
    assert DIGEST[:19] in checker.texts
    value = "v" * 500
    checker = checked(shown(Capture(exchange(("x", value))))._repr_html_())
    assert ("span", {"title": value}) in checker.seen
    assert value not in checker.texts


def test_a_block_may_be_folded():
    html = Record("t", blocks=(Block("a", ("b",), open=False), Block("c", ("d",)), Block("", ("e",))))._repr_html_()
    assert "<details><summary>a</summary>" in html
    assert "<div>c</div><pre" in html
    assert re.search(r"<pre style=[^>]*>e</pre></div>", html)


def test_the_bundle():
    record = FULL["pods"]()
    assert set(record._repr_mimebundle_()) == {"text/plain", "text/html"}
    assert set(record._repr_mimebundle_(include=["text/plain"])) == {"text/plain"}
    assert set(record._repr_mimebundle_(exclude=["text/plain"])) == {"text/html"}
    assert record._repr_mimebundle_()["text/plain"] == repr(record)


def test_a_table_without_shown_columns_has_no_table():
    record = Record("t", columns=(Column("a", shown=False),), rows=(("x",),))
    assert "<table" not in record._repr_html_()
    assert repr(record) == "t"
    assert list(record.frame["a"]) == ["x"]


def test_showing_needs_neither_ipython_nor_pandas():
    program = (
        "import sys; from wasmnb.views import record_of; from wasmnb.session.results import Settings;"
        "r = record_of(Settings({'a': 'b'}));"
        "repr(r), r._repr_mimebundle_(), r.to_dict();"
        "print(sorted({'IPython', 'pandas', 'numpy', 'ipywidgets'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_a_short_name_is_not_broken_at_its_hyphens():
    record = Record("t", columns=(Column("a"), Column("b")), rows=(("reviews-v1-0", "web-7d4b9c6f5-x2x4q"),))
    html = record._repr_html_()
    assert '<td role="rowheader" style="text-align:left;white-space:nowrap"><strong>reviews-v1-0' in html
    assert '<td style="text-align:left">web-7d4b9c6f5-x2x4q' in html
