"""Write docs/magics.md from the magics' own definitions, and docs/errors.md from the pages of the codes.

With ``--check``, say whether both are up to date.
"""

from __future__ import annotations

import sys
from pathlib import Path

import wasmnb.errors
from wasmnb.commands import COMMANDS, reference
from wasmnb.error_pages import explanations
from wasmnb.wording import Front, words_for

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


def main() -> int:
    """Write the file, or compare."""
    made = {DOCS / "magics.md": magics(), DOCS / "errors.md": errors()}
    if "--check" in sys.argv:
        return 0 if all(path.read_text("utf-8") == text for path, text in made.items()) else 1
    for path, text in made.items():
        path.write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
