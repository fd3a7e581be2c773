from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wasmnb.commands.line import expand, split, uncommented
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
        """'{"a": "{url}"}'""",
        "a{other}",
        "a{{cfg}}",
        r"a\{cfg}",
        '{"a":1}',
        "$1",
        "$",
        "{}",
        "a$",
        "^x$",
    ],
)
def test_everything_else_stays_what_it_is(line):
    word = split(line)[0]
    assert expand(word, NAMES, line) == word.text


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("app=$app", "app=details"),
        ("$app/$n:v1", "details/2:v1"),
        ('"$app/${n}:v1"', "details/2:v1"),
        ("${app}s", "detailss"),
        ("'$app'-$app", "$app-details"),
        (r"\$app-$app", "$app-details"),
        (r'"\$app is \"$app\""', '$app is "details"'),
        ("cost=$$5", "cost=$5"),
        ('"$$app"', "$app"),
        ("'$$'", "$$"),
        ("$app.$n", "details.2"),
        ('"a b $app"', "a b details"),
        ("$app$app", "detailsdetails"),
        ("a{other}$app", "a{other}details"),
    ],
)
def test_a_variable_within_a_word_is_its_text(line, meant):
    (word,) = split(line)
    assert expand(word, {"app": "details", "n": 2}, line) == meant


@pytest.mark.parametrize("line", ["a$cfg", '"x $cfg"', "$cfg.b", "k=$cfg,2"])
def test_within_a_word_a_variable_is_text_or_a_number(line):
    with pytest.raises(UsageError, match="'cfg' cannot stand within a word: it is a dict"):
        expand(split(line)[0], NAMES, line)


@pytest.mark.parametrize("line", ["app={app}", "A={app}", "{app}:9080/details/1", '"{app}s"', "$app/{app}"])
def test_what_is_a_variable_elsewhere_is_not_passed_on_in_silence(line):
    with pytest.raises(UsageError, match="is not filled in within a word") as caught:
        expand(split(line)[0], {"app": "details"}, line)
    assert caught.value.hint == "write ${app}, or put the word in single quotes"


def test_a_variable_in_a_word_must_exist_and_end():
    with pytest.raises(UsageError, match="no variable called 'nowhere'"):
        expand(split("app=$nowhere")[0], NAMES, "app=$nowhere")
    with pytest.raises(UsageError, match="begins a variable, and none follows"):
        expand(split("${a-b}")[0], NAMES, "${a-b}")


@pytest.mark.parametrize(
    ("line", "bare"),
    [
        ("%m a # b", "%m a "),
        ("%m # b 'c", "%m "),
        ("%m a#b", "%m a#b"),
        ("%m '# a' b", "%m '# a' b"),
        ('%m "a # b" # c', '%m "a # b" '),
        (r"%m \# b", r"%m \# b"),
        ("%m", "%m"),
        ("%m 'open # b", "%m 'open # b"),
    ],
)
def test_a_comment_behind_a_line_is_none_of_it(line, bare):
    assert uncommented(line, 2) == bare


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
