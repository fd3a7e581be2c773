from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wasmnb.commands.line import expand, split
from wasmnb.errors import UsageError


def texts(line):
    return [word.text for word in split(line)]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "a b  c",
        """x --config '{"name": "hello", "value": "a b"}'""",
        r"""x "a \"b\" c" d\ e""",
        "a'b'\"c\"d",
        "'' \"\"",
        "你好 '六 翁'",
    ],
)
def test_words_are_those_of_a_shell(line):
    assert texts(line) == shlex.split(line)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"])), max_size=5))
def test_quoted_words_come_back(words):
    assert texts(shlex.join(words)) == words


def test_every_word_knows_where_it_stands():
    line = "%m  'a b' c"
    words = split(line, 2)
    assert [line[word.start : word.end] for word in words] == ["'a b'", "c"]


@pytest.mark.parametrize(("line", "column"), [("x 'abc", 3), ('x "abc', 3), ("'", 1)])
def test_an_open_quote_is_pointed_at(line, column):
    with pytest.raises(UsageError, match="never closed") as caught:
        split(line)
    assert caught.value.where.column == column


def test_an_open_quote_is_the_last_word_while_typing():
    assert split("x 'a b", strict=False)[-1].text == "a b"


NAMES = {"cfg": {"name": "hello"}, "url": "details:9080/", "print": print}


@pytest.mark.parametrize("line", ["$cfg", "${cfg}", "{cfg}", '"$cfg"'])
def test_a_whole_word_is_a_variable(line):
    assert expand(split(line)[0], NAMES, line) is NAMES["cfg"]


@pytest.mark.parametrize(
    "line",
    [
        "'$cfg'",
        "'{cfg}'",
        r"\$cfg",
        "a$cfg",
        "$cfg.b",
        """'{"a": "{url}"}'""",
        '"{\\"a\\": \\"$url\\"}"',
        "$1",
        "$",
        "{}",
    ],
)
def test_everything_else_stays_what_it_is(line):
    word = split(line)[0]
    assert expand(word, NAMES, line) == word.text


def test_an_unknown_variable_is_an_error_with_a_proposal():
    with pytest.raises(UsageError, match="no variable called 'cgf'") as caught:
        expand(split("x $cgf")[1], NAMES, "x $cgf")
    assert caught.value.where.column == 3
    assert "'cfg'" in caught.value.hint


def test_a_quoted_line_shows_no_secret():
    line = """x --config '{"password": "hunter2"}' 'open"""
    with pytest.raises(UsageError) as caught:
        split(line)
    assert "hunter2" not in str(caught.value)
