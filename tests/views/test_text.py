from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wasmnb.display import Column, Record
from wasmnb.display.text import (
    age,
    cut,
    cut_words,
    duration,
    pad,
    several,
    short_digest,
    size,
    sparkline,
    visible,
    width,
)


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("", 0),
        ("abc", 3),
        ("你好", 4),
        ("六翁a", 5),
        ("e\u0301", 1),
        ("\uff71", 1),
        ("\uff21", 2),
        ("✓≈…", 3),
        ("👩\u200d🔧", 2),
        ("\u2764\ufe0f", 2),
    ],
)
def test_width(text, columns):
    assert width(text) == columns


@given(st.text(max_size=30), st.integers(1, 20))
@settings(deadline=None)
def test_cut_and_padded_text_has_the_width_that_was_asked_for(text, columns):
    assert width(cut(text, columns)) <= columns
    assert width(pad(cut(text, columns), columns)) == columns


@pytest.mark.parametrize(
    ("text", "columns", "shown"),
    [
        ("its VM crashed", 14, "its VM crashed"),
        ("its VM crashed in onTick", 16, "its VM crashed…"),
        ("its VM crashed: unreachable", 20, "its VM crashed…"),
        ("its VM crashed", 7, "its VM…"),
        ("in sha256:0123456789", 12, "in sha256:0…"),
        ("sha256:0123456789", 12, "sha256:0123…"),
    ],
)
def test_a_sentence_is_cut_between_its_words_where_that_leaves_most_of_it(text, columns, shown):
    assert cut_words(text, columns) == shown


def test_text_that_has_no_width_is_cut_too():
    assert len(cut("a" + "\u0301" * 100_000 + "bc" * 50, 10)) < 100


@given(st.text(max_size=30))
def test_visible_text_has_no_control_characters(text):
    assert not {unicodedata.category(character) for character in visible(text)} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


def test_columns_line_up_in_every_script():
    record = Record(
        "t",
        columns=(Column("a"), Column("n", "Int64"), Column("b")),
        rows=(("你好", 1, "x"), ("ab", 100, "六"), ("e\u0301", 20, "x")),
    )
    lines = repr(record).splitlines()[1:]
    ends = {width(line[: -len(cell)]) for line, cell in zip(lines, ["B", "x", "六", "x"], strict=True)}
    assert len(ends) == 1
    assert [line.split()[1] for line in lines] == ["N", "1", "100", "20"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0004, "0.4 ms"), (0.0031, "3.1 ms"), (0.008, "8 ms"), (0.096, "96 ms"), (1.25, "1.2 s"), (75.4, "75 s")],
)
def test_duration(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(-5, "0s"), (40, "40s"), (119, "119s"), (130, "2m"), (8000, "2h"), (200_000, "2d")]
)
def test_age(seconds, text):
    now = datetime(2026, 1, 1, tzinfo=timezone.utc)
    assert age(now - timedelta(seconds=seconds), now) == text


def test_short_forms():
    assert short_digest("sha256:" + "a" * 64) == "sha256:" + "a" * 12
    assert short_digest("") == ""
    assert size(1234567) == "1,234,567 bytes"


def test_numbers_agree_with_their_nouns():
    assert several(1, "pod") == "1 pod"
    assert several(0, "pod") == "0 pods"
    assert several(1200, "property", "properties") == "1,200 properties"


def test_a_line_of_blocks_shows_any_share_above_0():
    assert sparkline([0.0, 0.001, 0.5, 1.0, 2.0, None]) == "▁▂▅██·"
    assert sparkline([]) == ""
