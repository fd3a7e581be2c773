from __future__ import annotations

import pytest

from wasmnb.errors import CompileError, ConfigError, Interrupted, Place, WasmnbError, did_you_mean


def test_a_message_has_what_where_why_and_what_to_try():
    error = ConfigError(
        "the configuration is no JSON.",
        where=Place("--config", 2, 5, "  { x"),
        why=["expected a quote"],
        hint="quote it",
    )
    assert error.lines() == [
        "ConfigError: the configuration is no JSON.",
        "  at --config line 2, column 5",
        "    2 |   { x",
        "            ^",
        "  | expected a quote",
        "  try: quote it",
    ]
    assert str(error) == "\n".join(error.lines())[len("ConfigError: ") :]


def test_the_caret_stands_under_wide_characters_and_tabs():
    wide = Place("cell", 1, 4, "\t你好!").quoted()
    assert wide[1] == " " * 8 + "\t" + " " * 4 + "^"


def test_a_long_line_is_shown_around_its_column():
    quoted = Place("cell", 1, 5001, "x" * 5000 + "!" + "y" * 5000).quoted()
    caret = quoted[1].index("^")
    assert len(quoted[0]) < 400
    assert quoted[0][caret] == "!"


@pytest.mark.parametrize(("said", "told"), [("Is it 'x'?.", "Is it 'x'?"), ("No!.", "No!"), ("No.", "No."), ("", "")])
def test_a_sentence_ends_with_one_mark(said, told):
    error = WasmnbError(said)
    assert (error.what, error.args) == (told, (told,))


def test_many_reasons_are_counted():
    lines = WasmnbError("no.", why=[f"line {number}" for number in range(40)]).lines()
    assert len(lines) < 15
    assert lines[-1] == "  | ... and 29 lines more"


def test_the_notebook_shows_the_message_and_no_traceback():
    first, *rest = CompileError("no.", hint="mend it")._render_traceback_()
    assert "CompileError: no." in first
    assert "try: mend it" in "".join(rest)


def test_the_json_form_has_every_part():
    assert ConfigError("no.", where=Place("cell", 1), why=["a"], hint="b").to_dict() == {
        "error": "ConfigError",
        "code": ConfigError.code,
        "what": "no.",
        "where": {"text": "cell", "line": 1, "column": 0, "quote": ""},
        "why": ["a"],
        "hint": "b",
    }


def test_an_interrupt_is_no_error_that_a_loop_goes_on_after():
    assert issubclass(Interrupted, KeyboardInterrupt)
    assert not issubclass(Interrupted, Exception)
    with pytest.raises(KeyboardInterrupt, match="stopped"):
        raise Interrupted("stopped.")


@pytest.mark.parametrize(
    ("word", "meant"),
    [("selektor", "did you mean 'selector'?"), ("sel", "did you mean 'selector'?"), ("zzz", ""), ("", "")],
)
def test_did_you_mean(word, meant):
    assert did_you_mean(word, ["selector", "config"]) == meant
