"""Each code has a page, and each page a code."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path

import pytest

import wasmnb
from wasmnb import errors
from wasmnb.cli.verbs import VERBS
from wasmnb.commands import COMMANDS
from wasmnb.commands.completion import candidates
from wasmnb.error_pages import explain, explanations
from wasmnb.errors import BadNameError
from wasmnb.plugin.verdict import Cause, Verdict
from wasmnb.views.formatters import html_of
from wasmnb.wording import Front, words_for

PACKAGE = Path(wasmnb.__file__).parent
PAGES = {page.code: page for page in explanations()}


def used():
    """Find each code that the source gives to something, and where."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                for code in re.findall(r"^WNB\d{4}$", node.value):
                    found.setdefault(code, path.name)
    return found


def test_each_code_has_a_page_and_each_page_a_code():
    assert set(PAGES) == set(used())


def test_no_code_has_two_pages():
    assert len(PAGES) == len(explanations())


@pytest.mark.parametrize("code", PAGES)
def test_a_page_says_what_it_means_how_it_comes_about_and_what_to_do(code):
    page = PAGES[code]
    for part in (page.title, page.meaning, page.origin, page.remedy):
        assert part
        assert "**" not in part
    assert page.meaning.endswith(".")
    assert page.remedy.endswith(".")


@pytest.mark.parametrize("code", PAGES)
def test_a_page_in_a_terminal_is_plain_text(code):
    assert "`" not in str(PAGES[code])


@pytest.mark.parametrize("one", [*Verdict, *Cause])
def test_a_verdict_and_a_cause_are_found_by_name_too(one):
    assert explain(one.value) == explain(one.code) == explain(one.code[3:]) == explain(one.value.lower())
    assert explain(one.code).name == one.value


def test_the_page_of_a_class_is_that_of_its_own_code():
    for name in errors.__dir__():
        kind = getattr(errors, name)
        if isinstance(kind, type) and issubclass(kind, errors.Explained) and kind is not errors.Explained:
            assert explain(kind.code).name == kind.__name__
            if kind.__name__ == name:
                assert explain(name).code == kind.code


@pytest.mark.parametrize("code", PAGES)
def test_a_page_names_the_class_that_has_the_code(code):
    name = PAGES[code].name
    assert name in {*errors.__dir__(), *Verdict.__members__, *Cause.__members__}


def test_a_wrong_code_is_told_with_one_that_is_near():
    with pytest.raises(BadNameError, match="There is no page about 'WNB2401'") as caught:
        explain("WNB2401")
    assert caught.value.hint.startswith("did you mean 'WNB")
    with pytest.raises(BadNameError) as caught:
        explain("TRAPED")
    assert caught.value.hint == "did you mean 'TRAPPED'?"


def test_commands_are_worded_for_whoever_reads():
    assert "`session.undeploy(ID)`" in explain("HUNG").remedy
    with words_for(Front.NOTEBOOK):
        assert "`%wasm_undeploy ID`" in explain("HUNG").remedy


def test_options_of_a_page_can_be_taken_over_as_they_stand():
    request = "POST details:9080/orders -d 1"
    for reader in (Front.NOTEBOOK, Front.SHELL):
        with words_for(reader):
            assert f"`--probe '{request}' --probe-changes`" in explain("UNSEEN").remedy
    assert f"`probe='{request}', probe_changes=True`" in explain("UNSEEN").remedy


@pytest.mark.parametrize("code", PAGES)
def test_the_commands_of_a_page_are_there(code):
    """A page names commands and options that parse."""
    with words_for(Front.NOTEBOOK):
        page = explain(code)
    flags = {flag for command in COMMANDS.values() for option in command.all_options for flag in option.flags}
    for text in (page.meaning, page.origin, page.remedy):
        for said in re.findall(r"`%%?(wasm_[^`]+)`", text):
            name, _, rest = said.partition(" ")
            words = [word for word in rest.split() if word.startswith("--")]
            assert name in COMMANDS
            assert all(COMMANDS[name].option(word) for word in words), said
        for said in re.findall(r"`(--[\w-]+)", text):
            assert said in flags


@pytest.mark.parametrize("code", PAGES)
def test_a_page_in_a_shell_speaks_of_what_a_shell_has(code):
    with words_for(Front.SHELL):
        page = explain(code)
    texts = (page.title, page.meaning, page.origin, page.remedy)
    assert not [text for text in texts if re.search(r"[{}|]", re.sub(r"`[^`]*`", "", text))]
    for said in (said for text in texts for said in re.findall(r"`wasmnb ([^`]+)`", text)):
        name, *words = shlex.split(said)
        if name == "completion":  # takes the name of a shell, and no options
            continue
        flags = {flag for option in VERBS[name].command.all_options for flag in option.flags}
        assert {word for word in words if word.startswith("--")} <= flags, said
    # A solution of the workshop, and a mesh of a notebook's, are a notebook's in a shell too.
    if code not in ("WNB1020", "WNB4008"):
        assert not re.search(r"%wasm|\b(?:cells?|kernel|notebooks?|magics?)\b|session\.", " ".join(texts))


def test_python_names_it_too():
    page = wasmnb.explain("LIVE")
    assert str(page).startswith(f"WNB5001 LIVE: {page.title}\n\n{page.meaning}\n\n")
    assert wasmnb.explain("LIVE").to_dict()["code"] == "WNB5001"


def test_it_is_a_table_in_a_notebook():
    assert "what to do" in html_of(explain("LIVE"))


def test_codes_are_completed():
    found, _ = candidates(COMMANDS["wasm_explain"], "WNB20", wasmnb.Session())
    assert "WNB2041" not in found[:1]
    assert {"WNB2001", "WNB2041"} <= set(found)
    assert "TRAPPED" in candidates(COMMANDS["wasm_explain"], "tra", wasmnb.Session())[0]
