"""What the program decides on is an enum or a number, never a word found in a sentence: looked for in the syntax."""

import ast
from pathlib import Path

import pytest

import wasmnb

ROOT = Path(wasmnb.__file__).parent
# Texts that this program words for people; what other programs say is read by a parser that gives an enum.
WORDED = {"reason", "hint", "what", "why", "detail", "note", "sentence"}
ERRORS = {"error", "err", "exception", "trouble", "failure"}
# Compilers' own output, which is a text, and what a terminal shows of it.
ELSEWHERE = {"compile", "display", "sdk"}
# The closed words of ``rollout.result.OUTCOMES``; a line that the reason shows already; what wasmtime says, read once.
CLOSED = {"views/rollout.py", "live/row.py", "emulator/machine.py"}
SEARCHES = {"startswith", "endswith", "find", "index", "count", "search", "match", "fullmatch"}


def name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def is_worded(node: ast.expr) -> bool:
    """Say whether an expression is a text for people, or an error made one."""
    made = isinstance(node, ast.Call) and name(node.func) in {"str", "repr"} and len(node.args) == 1
    return name(node) in WORDED or (made and name(node.args[0]) in ERRORS)


def is_sentence(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value.strip()


def decisions(tree: ast.AST) -> list[int]:
    """Give the lines on which something is decided by the words of a sentence."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            inside = any(isinstance(one, ast.In | ast.NotIn) for one in node.ops)
            equal = any(isinstance(one, ast.Eq | ast.NotEq) for one in node.ops)
            if (inside and is_worded(node.comparators[-1]) and not is_worded(node.left)) or (
                equal and any(map(is_sentence, sides))
            ):
                found.append(node.lineno)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in SEARCHES:
            searched = [node.func.value, *node.args]
            if any(map(is_worded, searched)):
                found.append(node.lineno)
    return found


@pytest.mark.parametrize(
    "text",
    [
        'if "rotated" in one.reason: pass',
        "if any(word in error.what for word in words): pass",
        'if why.startswith("it hung"): pass',
        'if way == "a forwarded port": pass',
        'if "no such host" in str(error): pass',
        "if PATTERN.search(verdict.reason): pass",
    ],
)
def test_the_kind_is_found(text):
    assert decisions(ast.parse(text))


def test_no_branch_depends_on_a_word_in_a_sentence():
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sorted(ROOT.rglob("*.py"))
        if path.relative_to(ROOT).parts[0] not in ELSEWHERE and str(path.relative_to(ROOT)) not in CLOSED
        for line in decisions(ast.parse(path.read_text("utf-8")))
    ]
    assert found == []
