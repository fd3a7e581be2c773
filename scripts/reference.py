"""Write docs/magics.md and docs/commands.md from the definitions of the commands, docs/errors.md from the codes' pages.

Also docs/words.md, the strings that users read, docs/gallery.md from the templates, and the words that Tab offers in a
shell. With ``--check``, say whether all are up to date.
"""

from __future__ import annotations

import inspect
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gallery import gallery, ours, stale
from words import words

import wasmnb
import wasmnb.errors
from wasmnb import exercises
from wasmnb.cli import completion_table
from wasmnb.cli.verbs import CELLS_ONLY, VERBS
from wasmnb.commands import COMMANDS, reference
from wasmnb.error_pages import explanations
from wasmnb.session import Session
from wasmnb.wording import Front, words_for

if TYPE_CHECKING:
    from collections.abc import Callable

DOCS = Path(__file__).parent.parent / "docs"


def errors() -> str:
    """Give the tree of errors, and the page of each code, as Markdown."""
    tree = (wasmnb.errors.__doc__ or "").partition("\n\n* ")[2].rstrip()
    lines = ["# Codes of errors, verdicts and causes", ""]
    lines += ["Made by `make docs` from `wasmnb/error_pages/`. In a notebook, `%wasm_explain CODE` shows a page;"]
    lines += ["in Python, `wasmnb.explain(code)` gives it.", "", "## The tree of errors", "", f"* {tree}", ""]
    with words_for(Front.NOTEBOOK):
        for page in sorted(explanations(), key=lambda page: page.code):
            lines += [
                f"## {page.code} {page.name}",
                "",
                f"**{page.title[0].upper()}{page.title[1:]}.** {page.meaning}",
                "",
            ]
            lines += [f"*How it comes about.* {page.origin}", "", f"*What to do.* {page.remedy}", ""]
    return "\n".join(lines)


def magics() -> str:
    """Give the reference of the magics as Markdown."""
    lines = ["# The magics", "", "Made by `make docs` from the definitions that parse the lines.", ""]
    for command in COMMANDS.values():
        mark = "%%" if command.body else "%"
        lines += [f"## `{mark}{command.name}`", "", command.summary, ""]
        rows = [(label, words) for magic, label, words in reference() if magic.lstrip("%") == command.name]
        if rows:
            lines += ["| word | meaning |", "|---|---|"]
            lines += [f"| `{label}` | {words.replace('|', '&#124;')} |" for label, words in rows]
            lines.append("")
        if command.examples:
            lines += [f"    {line}" for example in command.examples for line in example.splitlines()] + [""]
    return "\n".join(lines)


def _in_python(verb: str) -> tuple[Callable[..., object] | None, str]:
    """Give what Python calls for a verb, and how that is written."""
    if verb == "check":
        return exercises.check, "wasmnb.exercises.check(session)"
    if verb == "explain":
        return wasmnb.explain, "wasmnb.explain()"
    return getattr(Session, verb, None), f"session.{verb}()"


def commands() -> str:
    """Give each verb for a notebook, a shell and Python side by side, as Markdown."""
    lines = ["# Each verb for a notebook, a shell and Python", ""]
    lines += [
        "Made by `make docs` from the definitions that parse the lines. An empty column: it has no such word.",
        "",
    ]
    names = {command.verb: command for command in COMMANDS.values()}
    for verb in [*names, *(name for name in VERBS if name not in names)]:
        magic, shell = names.get(verb), VERBS.get(verb)
        known = shell.command if shell is not None else magic
        method, python_name = _in_python(verb)
        places = " ".join(argument.label for argument in (magic or known).arguments)
        spoken = (
            f"`{f'{magic.prefix}{magic.name} {places}'.strip()}`" if magic else "",
            f"`{f'wasmnb {verb} {places}'.strip()}`" if shell else CELLS_ONLY[f"wasm_{verb}"],
            f"`{python_name}`" if method and magic else "",
        )
        lines += [f"## {verb}", "", known.summary, ""]
        lines += ["| notebook | shell | Python | meaning |", "|---|---|---|---|"]
        lines += [f"| {' | '.join(spoken)} | |"]
        python = set(inspect.signature(method).parameters) if method and magic else set()
        options: dict[str, list[str]] = {}
        for column, front in enumerate((magic, shell.command if shell else None)):
            for option in front.options if front is not None else ():
                if option.keyword.startswith("shell_"):
                    continue
                row = options.setdefault(f"{option.key}{option.switch!r}", ["", "", "", option.help])
                row[column] = f"`{option.label}`"
                row[2] = f"`{option.key}`" if option.key in python else ""
        lines += [f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in options.values()]
        lines.append("")
    shared = next(iter(VERBS.values())).command.options, VERBS["status"].command.options
    lines += ["## Words that every verb of a shell takes", "", "| word | meaning |", "|---|---|"]
    found = {option.label: option.help for front in shared for option in front if option.keyword.startswith("shell_")}
    lines += [f"| `{label}` | {text.replace('|', '&#124;')} |" for label, text in found.items()]
    return "\n".join([*lines, "", "Those of a mesh are there where a mesh is needed.", ""])


def main() -> int:
    """Write the file, or compare."""
    made = {
        DOCS / "magics.md": magics(),
        DOCS / "errors.md": errors(),
        DOCS / "commands.md": commands(),
        DOCS / "words.md": words(),
        DOCS / "gallery.md": gallery(),
        completion_table.FILE: json.dumps(completion_table.made(), indent=0) + "\n",
    }
    if "--check" in sys.argv:
        same = all(path.read_text("utf-8") == text for path, text in made.items())
        return 0 if same and not any(map(stale, ours())) else 1
    for path, text in made.items():
        path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
