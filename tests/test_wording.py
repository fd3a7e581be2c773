"""Texts that a front end words."""

from __future__ import annotations

from wasmnb.errors import Place, UsageError
from wasmnb.wording import Front, Option, Verb, Wording, joined, words_for

HINT = Wording("{} shows them; {} with {}", Verb("pods"), Verb("deploy", ("guard",)), Option("pull_secret", "NAME"))


def test_each_front_end_says_it_in_its_own_words():
    assert HINT.worded(Front.NOTEBOOK) == "%wasm_pods shows them; %wasm_deploy guard with --pull-secret NAME"
    assert HINT.worded(Front.PYTHON) == "session.pods() shows them; session.deploy('guard') with pull_secret=NAME"
    assert HINT.worded(Front.SHELL) == "wasmnb pods shows them; wasmnb deploy guard with --pull-secret NAME"


def test_a_setting_has_no_dashes_on_a_line():
    text = Wording("{}", Verb("config", options=(Option("registry", "HOST/PATH", bare=True),)))
    assert text.worded(Front.NOTEBOOK) == "%wasm_config registry=HOST/PATH"
    assert text.worded(Front.PYTHON) == "session.config(registry=HOST/PATH)"


def test_python_may_have_a_sentence_of_its_own():
    text = Wording("write it below the {} line", Verb("filter", cell=True), python="give the source")
    assert text.worded(Front.NOTEBOOK) == "write it below the %%wasm_filter line"
    assert text.worded(Front.PYTHON) == "give the source"


def test_str_speaks_to_the_front_end_that_reads():
    with words_for(Front.NOTEBOOK):
        assert str(HINT).startswith("%wasm_pods")
        assert f"{joined('look', HINT)}".startswith("look; %wasm_pods")
    assert str(HINT).startswith("session.pods()")


def test_a_secret_that_spans_text_and_part_is_masked():
    """The template ends with the first half of the secret, and a part has the other."""
    error = UsageError("Nothing.", hint=Wording("say hun{} now", "ter2"), why=[Wording("{}", Option("key", "hunter2"))])
    error.change(lambda words: words.replace("hunter2", "***"))
    for front in Front:
        error.front = front
        assert error.hint == "say *** now"
        assert "***" in error.why[0]
        assert "hunter2" not in error.why[0]


def test_a_place_is_called_what_its_reader_calls_it():
    error = UsageError("No.", where=Place(Option("config"), 1, 2, "{}"))
    assert "  at config line 1, column 2" in error.lines()
    error.front = Front.NOTEBOOK
    assert "  at --config line 1, column 2" in error.lines()
