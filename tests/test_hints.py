"""Below the front ends, verbs and options are named as values: who reads may write cells, Python or a shell."""

from __future__ import annotations

import ast
import inspect
import re
from functools import cache
from pathlib import Path

import pytest

import wasmnb
from wasmnb.cli.verbs import CELLS_ONLY, VERBS
from wasmnb.commands import COMMANDS
from wasmnb.session import Session

PACKAGE = Path(wasmnb.__file__).parent
FRONTS = ("commands", "magics", "cli")
# Files that are written for a notebook, or for a project's reader; a tool of somebody else with an option of that name.
ALLOWED = {
    "dashboards/deploy_settings.py": "the lines of a cell that say the same as the form",
    "cases/reproduction.py": "a cell to paste",
    "lab/answers.py": "the first line of a cell that a button makes",
    "lab/standing.py": "what a button puts into a cell or runs",
    "cell_magic.py": "how the first line of a cell is told",
    "mesh/istio/doctor.py": "a comment in the roles that are printed",
    "project/files.py": "the README of a project",
    "compile/container/build.py": "docker ps --filter",
    "image/compatibility.py": "an option of wasme",
}
OURS = {flag for command in COMMANDS.values() for option in command.all_options for flag in option.flags}
# A text about these alone is raised by them, and a shell does not have them.
UNREACHED = {"wasm_registry"}
# ``--version`` alone is a program's argument, ``--watch wants a folder`` a sentence.
SENTENCE = re.compile(r"%wasm_|(?:^| |\()(--[a-z][a-z-]+)(?: |$|[,;.)])")


def modules():
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if name.split("/")[0] not in FRONTS and "templates/" not in name:
            yield pytest.param(path, id=name)


@cache
def parsed(path):
    """Read a module once for all that is asked of it here."""
    return ast.parse(path.read_text("utf-8"))


def texts(tree):
    """Give each string literal that is no docstring; the pieces of a formatted one apart."""
    bare = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in bare:
            yield node


def called(tree, name):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant):
                yield node, first.value


@pytest.mark.parametrize("path", [*modules()])
def test_no_text_below_the_front_ends_names_a_magic_or_an_option(path):
    found = [
        f"line {node.lineno}: {node.value!r}"
        for node in texts(parsed(path))
        for match in SENTENCE.finditer(node.value)
        if match[1] is None or (match[1] in OURS and " " in node.value.strip())
    ]
    name = path.relative_to(PACKAGE).as_posix()
    if name in ALLOWED:
        assert found, f"{name} needs no exception any more"
    else:
        assert not found, "say it with Verb and Option of wasmnb.wording"


def test_each_verb_that_a_text_names_is_there_for_both_readers():
    for param in modules():
        path = param.values[0]
        for node, verb in called(parsed(path), "Verb"):
            assert f"wasm_{verb}" in COMMANDS, f"{path}: {node.lineno}"
            in_python = Session if verb != "explain" else wasmnb
            assert callable(getattr(in_python, verb, None)), f"{path}: {node.lineno}"


def test_each_option_that_a_text_names_is_one_of_a_command():
    keys = {option.key: option.flags for command in COMMANDS.values() for option in command.all_options}
    free = {"registry"}  # of %wasm_config, which has no dashes
    for param in modules():
        path = param.values[0]
        for node, keyword in called(parsed(path), "Option"):
            assert keyword in {*keys, *free}, f"{path}: {node.lineno}"
            said = {word.arg: word.value for word in node.keywords}
            if "flag" in said:
                assert isinstance(said["flag"], ast.Constant)
                assert said["flag"].value in OURS, f"{path}: {node.lineno}"


def unseen(tree, reader):
    """Give what of a module's texts one reader never sees: the words of others, and those that it has its own for."""
    hidden = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Wording":
            own = {word.arg: word.value for word in node.keywords}
            parts = [text for whose, text in own.items() if whose != reader]
            parts += node.args if reader in own else []
            hidden |= {id(one) for part in parts for one in ast.walk(part)}
    return hidden


def test_a_verb_is_named_with_words_and_options_that_it_has():
    wrong = []
    for param in modules():
        path = param.values[0]
        tree = parsed(path)
        verbs = [*called(tree, "Verb")]
        # Most modules name none, and each walk takes milliseconds.
        cells, python, terminal = (
            unseen(tree, reader) if verbs else set() for reader in ("cells", "python", "terminal")
        )
        for node, verb in verbs:
            words = node.args[1].elts if len(node.args) > 1 and isinstance(node.args[1], ast.Tuple) else []
            options = {keyword for part in node.args[2:] + node.keywords for _, keyword in called(part, "Option")}
            options -= {"registry"} if verb == "config" else set()
            above = any(word.arg == "cell" for word in node.keywords)
            commands = {"a cell": COMMANDS[f"wasm_{verb}"]} if id(node) not in cells else {}
            if id(node) not in terminal and not above and f"wasm_{verb}" not in UNREACHED:
                commands["a shell"] = VERBS[verb].command
            for reader, command in commands.items():
                known = {option.key for option in command.all_options}
                if not (options <= known and len(words) <= len(command.arguments)):
                    wrong.append(f"{path}: {node.lineno}: {reader}")
            taken = inspect.signature(getattr(Session, verb, wasmnb.explain)).parameters
            free = any(one.kind is one.VAR_KEYWORD for one in taken.values())
            if id(node) not in python and not (options <= {*taken} or free):
                wrong.append(f"{path}: {node.lineno}: Python")
    assert not wrong


def test_what_no_shell_reaches_is_for_cells_alone():
    assert {*CELLS_ONLY} >= UNREACHED


PAGES = [*(PACKAGE / "error_pages").glob("*.md"), *(PACKAGE.parent / "docs").glob("*.md"), PACKAGE.parent / "README.md"]


@pytest.mark.parametrize("page", [pytest.param(page, id=page.name) for page in PAGES if page.name != "words.md"])
def test_a_page_names_commands_and_options_that_there_are(page):
    shell = {flag for verb in VERBS.values() for option in verb.command.all_options for flag in option.flags}
    of_pytest = {"--wasm-module", "--wasm-host"}
    for span in re.findall(r"`([^`\n]+)`", page.read_text("utf-8")):
        if command := re.match(r"%%?(wasm_\w+)", span):
            assert command[1] in COMMANDS, span
            flags = {flag for option in COMMANDS[command[1]].all_options for flag in option.flags}
            assert {*re.findall(r"(?<!\S)--[a-z][a-z-]*", span)} <= flags, span
        elif option := re.match(r"--[a-z][a-z-]*", span):
            assert option[0] in OURS | shell | of_pytest, span
