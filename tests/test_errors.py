from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import wasmnb
from wasmnb import errors
from wasmnb.errors import CompileError, ConfigError, Interrupted, Place, WasmnbError, did_you_mean

PACKAGE = Path(wasmnb.__file__).parent


def classes_below(root: str) -> dict[str, str]:
    """Find each public class that comes from another: its name and its base's, as the source files have them."""
    bases = {}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef) and node.bases and isinstance(node.bases[0], ast.Name):
                bases.setdefault(node.bases[0].id, []).append(node.name)
    found, waiting = {}, [root]
    while waiting:
        base = waiting.pop()
        found.update(dict.fromkeys(bases.get(base, []), base))
        waiting += bases.get(base, [])
    return {name: base for name, base in found.items() if not name.startswith("_")}


def drawn() -> dict[str, str]:
    """Read the tree in the docstring of the module."""
    found, above = {}, []
    for line in re.findall(r"^( *)[*+>=-] (\w+)", errors.__doc__, re.MULTILINE):
        depth = len(line[0]) // 2
        del above[depth:]
        found[line[1]] = above[-1] if above else ""
        above.append(line[1])
    return found


def test_the_tree_that_is_drawn_is_the_one_there_is():
    assert drawn() == {"Explained": "", **classes_below("Explained")}


@pytest.mark.parametrize("name", drawn())
def test_each_class_is_found_under_its_name_in_one_place(name):
    kind = getattr(errors, name)
    assert issubclass(kind, errors.Explained)
    assert kind.__name__ == ("Interrupted" if name == "RolloutInterrupted" else name)


@pytest.mark.parametrize("name", sorted({*errors.__all__, *errors._HOMES}))
def test_the_names_of_errors_go_on_resolving(name):
    assert name in dir(errors)
    if isinstance(getattr(errors, name), type) and name in wasmnb._HOMES:
        assert getattr(wasmnb, name) is getattr(errors, name)
    with pytest.raises(AttributeError, match="has no attribute 'NoError'"):
        errors.NoError  # noqa: B018


def test_no_two_classes_have_one_code():
    codes = {name: getattr(errors, name).code for name in drawn() if name not in ("Explained", "WasmnbError")}
    assert len(set(codes.values())) == len(codes), codes


def test_an_error_may_have_a_code_of_its_own():
    assert CompileError("no.").to_dict()["code"] == CompileError.code
    assert CompileError("no.", code="WNB2021").to_dict()["code"] == "WNB2021"


def test_a_message_has_what_where_why_and_what_to_try():
    error = ConfigError(
        "the configuration is not valid JSON.",
        where=Place("--config", 2, 5, "  { x"),
        why=["expected a quote"],
        hint="quote it",
    )
    assert error.lines() == [
        "ConfigError: the configuration is not valid JSON.",
        "  at --config line 2, column 5",
        "    2 |   { x",
        "            ^",
        "  | expected a quote",
        "  try: quote it",
        "  WNB1002: wasmnb.explain('WNB1002') tells more",
    ]
    assert str(error) == "\n".join(error.lines())[len("ConfigError: ") :]


def test_the_caret_stands_under_wide_characters_and_tabs():
    wide = Place("cell", 1, 4, "\t你好!").quoted()
    assert wide[1] == " " * 8 + "\t" + " " * 4 + "^"


def test_a_long_line_is_shown_around_its_column():
    quoted = Place("cell", 1, 5001, "x" * 5000 + "!" + "y" * 5000).quoted()
    caret = quoted[1].index("^")
    assert len(quoted[0]) <= 78
    assert quoted[0][caret] == "!"
    assert quoted[0][8] == quoted[0][-1] == "…"
    end = Place("magic's line", 0, 101, "x" * 99 + "!").quoted()
    assert end[1].index("^") == len(end[0])


@pytest.mark.parametrize(("said", "told"), [("Is it 'x'?.", "Is it 'x'?"), ("No!.", "No!"), ("No.", "No."), ("", "")])
def test_a_sentence_ends_with_one_mark(said, told):
    error = WasmnbError(said)
    assert (error.what, error.args) == (told, (told,))


def test_many_reasons_are_counted():
    lines = WasmnbError("no.", why=[f"line {number}" for number in range(40)]).lines()
    assert len(lines) < 15
    assert lines[-2] == "  | ... and 29 lines more"


def test_the_notebook_shows_the_message_and_no_traceback():
    first, *rest = CompileError("no.", hint="mend it")._render_traceback_()
    assert "CompileError: no." in first
    assert "try: mend it" in re.sub(r"\x1b\[\d+m", "", "".join(rest))


def test_what_is_shown_is_folded_between_words_and_not_above_a_caret():
    code = '  addResponseHeader("x-greeting", "hello from a cell"); ' * 3
    place = Place("cell", 12, 5, quote=code)
    error = CompileError("a sentence that is longer. " * 5, where=place, why=["quoted words " * 10], hint="word " * 30)
    shown = [re.sub(r"\x1b\[[\d;]+m", "", line) for line in error._render_traceback_()]
    above = next(number for number, line in enumerate(shown) if line.strip() == "^") - 1
    assert all(len(line) <= 78 for line in shown)
    assert all(word in {"a", "sentence", "that", "is", "longer."} for word in shown[1].split())
    assert any(line.startswith("  |   ") for line in shown)
    assert shown[above + 1].index("^") == shown[above].index("addResponseHeader") + 2


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


def test_the_only_one_that_begins_so_is_meant():
    assert did_you_mean("--watch", ["--match", "--watch-for"]) == "did you mean '--watch-for'?"
    assert did_you_mean("--watch", ["--match", "--watch-for", "--watch-again"]) == "did you mean '--match'?"


def made_elsewhere(tree):
    """Find each place that sets a field of an error after it was made: a name that is caught, or made by a class."""
    kinds = {*drawn(), "kind"}
    caught = {node.name for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler) and node.name}
    made = {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        for target in node.targets
        if isinstance(target, ast.Name)
        and (getattr(node.value.func, "id", "") in kinds or getattr(node.value.func, "id", "").endswith("Error"))
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
                    name = target.value.id
                    # An error that is handed over, not raised, has no ``raise ... from``.
                    if name in caught | made and target.attr not in ("front", "__cause__"):
                        yield f"line {node.lineno}: {name}.{target.attr}"


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_place_sets_a_field_of_an_error_after_making_it(path):
    """What an error says is a keyword of its constructor; ``front`` alone is set on the way out."""
    functions = (node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.FunctionDef))
    assert not [found for function in functions for found in made_elsewhere(function)]
